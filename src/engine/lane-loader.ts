/** Finds out what a lane needs to know before its first attempt: its health, and what to call. */
import { HEALTHY } from '../core/delivery/health.ts';
import type { Queue } from '../ports/queue.ts';
import { Fifo } from './fifo.ts';
import type { Lane } from './lane.ts';
import type { Resolved, Target, Targets } from './targets.ts';

/** Lanes that load at once: after a start all of them want to. */
const LOADS_AT_ONCE = 16;

export interface LaneLoaderOptions {
  readonly queue: Pick<Queue, 'readHealth'>;
  readonly targets: Targets;
  readonly wake: (lane: Lane) => void;
  readonly fail: (lane: Lane, cause: unknown) => void;
  /** The destination is removed or disabled. */
  readonly gone: (lane: Lane) => void;
}

export class LaneLoader {
  readonly #options: LaneLoaderOptions;
  readonly #waiting = new Fifo<Lane>();
  #loading = 0;

  constructor(options: LaneLoaderOptions) {
    this.#options = options;
  }

  /** undefined = not now; the lane is woken when it is known. */
  targetOf(lane: Lane): Target | undefined {
    if (this.#loading >= LOADS_AT_ONCE && (lane.target === null || !lane.isHealthKnown)) {
      lane.isLoading = true;
      this.#waiting.push(lane);
      return undefined;
    }
    // What is being recorded is not in the store yet: health that is read now would be older than ours.
    if (!lane.isHealthKnown && lane.running === 0) {
      this.#load(lane, this.#readHealth(lane));
      return undefined;
    }
    try {
      const resolved = this.#options.targets.resolve(lane);
      if (resolved instanceof Promise) this.#load(lane, resolved);
      else if (resolved === 'gone') this.#options.gone(lane);
      else return resolved;
    } catch (cause) {
      this.#options.fail(lane, cause);
    }
    return undefined;
  }

  async #readHealth(lane: Lane): Promise<undefined> {
    const before = lane.health;
    // Said before it is so: whoever doubts it meanwhile has it read again.
    lane.isHealthKnown = true;
    try {
      const stored = await this.#options.queue.readHealth(lane);
      // An attempt that ended meanwhile knows better.
      if (lane.health !== before) return;
      lane.health = stored ?? HEALTHY;
      if (stored === null) lane.window.clear();
    } catch (cause) {
      lane.isHealthKnown = false;
      throw cause;
    }
  }

  #load(lane: Lane, loading: Promise<Resolved | undefined>): void {
    lane.isLoading = true;
    this.#loading++;
    loading
      .then(
        (resolved) => {
          if (resolved === 'gone') this.#options.gone(lane);
        },
        (cause: unknown) => this.#options.fail(lane, cause),
      )
      .finally(() => {
        this.#loading--;
        this.#loaded(lane);
        // Those woken may find what they need in memory and load nothing: the last load wakes all that are left.
        const next = this.#loading === 0 ? this.#waiting.drain() : [this.#waiting.shift()];
        for (const waiting of next) if (waiting !== undefined) this.#loaded(waiting);
      });
  }

  #loaded(lane: Lane): void {
    lane.isLoading = false;
    this.#options.wake(lane);
  }
}
