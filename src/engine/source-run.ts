/**
 * One run of a source on this node. A node that was paused past its lease goes on with what it remembers before it hears
 * that another has gone further: nothing is taken or written unless the lease is known to hold.
 */
import { Problem } from '../core/problem.ts';
import type { EngineParts } from './engine.ts';

const LOOK_MS = 100;
/** A lease that is not renewed for so long is lost, or the store is away. */
const PATIENCE_MS = 3_000;

export class SourceRun {
  readonly #parts: Pick<EngineParts, 'clock' | 'storage'>;
  readonly #epoch: number;
  #hasEnded = false;

  constructor(parts: Pick<EngineParts, 'clock' | 'storage'>) {
    this.#parts = parts;
    this.#epoch = parts.storage.cluster.epoch;
  }

  /** It was stopped, or began in a membership that has ended. */
  get isOver(): boolean {
    return this.#hasEnded || this.#parts.storage.cluster.epoch !== this.#epoch;
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** Resolves when the node runs the source; rejects with Problem unavailable when it does so no more. */
  async pass(): Promise<void> {
    const { clock, storage } = this.#parts;
    for (let waitedMs = 0; !this.isOver && waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
      if (storage.cluster.mayBegin()) return;
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
    }
    throw elsewhere();
  }

  /** As `pass`, for now: throws. */
  mustGoOn(): void {
    if (this.isOver || !this.#parts.storage.cluster.mayBegin()) throw elsewhere();
  }
}

function elsewhere(): Problem {
  return new Problem('unavailable', 'Another node runs this source by now, or the store is away: try again.');
}
