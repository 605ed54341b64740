/**
 * Lanes about which an answer of the store was lost: rows may be there that nobody hands over. They are looked at
 * together after a while, when what was under way has been committed or never will be.
 */
import type { DestinationId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneKey } from '../ports/queue.ts';

const DOUBT_MS = 1_000;

export class Doubts {
  readonly #clock: Clock;
  readonly #look: (keys: readonly LaneKey[]) => void;
  readonly #keys = new Map<DestinationId, LaneKey>();

  constructor(clock: Clock, look: (keys: readonly LaneKey[]) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  has(id: DestinationId): boolean {
    return this.#keys.has(id);
  }

  add(key: LaneKey): void {
    if (this.#keys.size === 0) this.#clock.after(DOUBT_MS, () => this.#end());
    this.#keys.set(key.destinationId, key);
  }

  #end(): void {
    const keys = [...this.#keys.values()];
    this.#keys.clear();
    this.#look(keys);
  }
}
