/** Cancels what waits for a destination that is gone or disabled, in steps that do not hold up the store. */
import { newId } from '../core/ids.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts } from './engine.ts';
import type { Lane } from './lane.ts';
import type { Targets } from './targets.ts';

const CANCELED_PER_STEP = 250;
const RANDOM_ID_BYTES = 15;

export class Canceler {
  readonly #parts: EngineParts;
  readonly #targets: Targets;
  readonly #directory: Pick<CachedDirectory, 'dropAll'>;

  constructor(parts: EngineParts, targets: Targets, directory: Pick<CachedDirectory, 'dropAll'>) {
    this.#parts = parts;
    this.#targets = targets;
    this.#directory = directory;
  }

  /** False when the destination came back meanwhile: what is left is to be delivered. */
  async cancelAll(lane: Lane): Promise<boolean> {
    const { clock, dice, storage } = this.#parts;
    for (let canceled = 0; ; ) {
      if ((await this.#targets.resolve(lane)) !== 'gone') return false;
      const now = clock.now();
      const count = await storage.queue.cancel(lane, {
        eventId: null,
        limit: CANCELED_PER_STEP,
        now,
        newAttemptIds: () => newId<'attempt'>(now, dice.bytes(RANDOM_ID_BYTES)),
      });
      if (count === null) {
        // Another node enabled it, and we have not heard of it yet.
        this.#directory.dropAll(lane.organization);
        return false;
      }
      canceled += count;
      if (count < CANCELED_PER_STEP) {
        if (canceled > 0) this.#tell(lane, canceled);
        return true;
      }
    }
  }

  #tell({ organization, destinationId }: Lane, canceled: number): void {
    this.#parts.log.info('lane.canceled', { organization, destinationId, canceled });
  }
}
