/**
 * A store that fails the way disks, networks and power supplies do. Each call asks the plan for its fate:
 *
 *   pass            the call goes through
 *   reject          nothing is written, and the caller is told so
 *   lose-reply      it is written, but the caller is told that it failed
 *   die-before      the process dies before the call reaches the store: nothing is written
 *   die-after       the process dies after the commit, before the reply
 *
 * After a death every call, also one that is under way, stays without an answer for ever.
 */
import { Problem } from '../../src/core/problem.ts';
import type { Storage } from '../../src/ports/storage.ts';

export type Fate = 'pass' | 'reject' | 'lose-reply' | 'die-before' | 'die-after';

export interface StorageCall {
  /** `intake.accept`, `queue.record`, … */
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface FailingStorageOptions {
  readonly inner: Storage;
  readonly fate: (call: StorageCall) => Fate;
  /** Called once, in the moment of death. */
  readonly onDeath?: (call: StorageCall | null) => void;
  /** Called with what the store itself answered (also when the caller never learns it). */
  readonly onCommitted?: (call: StorageCall, result: unknown) => void;
  /** Called when the caller is given the store's answer. */
  readonly onReplied?: (call: StorageCall) => void;
  /** How long the call is under way to the store, and its answer back; null = no time passes. */
  readonly pause?: (call: StorageCall, way: 'there' | 'back') => Promise<void> | null;
}

export class FailingStorage implements Storage {
  readonly intake: Storage['intake'];
  readonly queue: Storage['queue'];
  readonly catalog: Storage['catalog'];
  readonly history: Storage['history'];
  readonly upkeep: Storage['upkeep'];
  readonly search: Storage['search'];
  readonly rejections: Storage['rejections'];
  /** As it is: a lease does not fail by the call, a test ends it through `scripted-cluster.ts`. */
  readonly cluster: Storage['cluster'];
  /** Calls that the store is working on. */
  busy = 0;
  /** Calls begun and ended so far: stands still when nothing happens. */
  activity = 0;
  readonly #options: FailingStorageOptions;
  #dead = false;

  constructor(options: FailingStorageOptions) {
    this.#options = options;
    this.intake = this.#wrap('intake', options.inner.intake);
    this.queue = this.#wrap('queue', options.inner.queue);
    this.catalog = this.#wrap('catalog', options.inner.catalog);
    this.history = this.#wrap('history', options.inner.history);
    this.upkeep = this.#wrap('upkeep', options.inner.upkeep);
    this.search = this.#wrap('search', options.inner.search);
    this.rejections = this.#wrap('rejections', options.inner.rejections);
    this.cluster = options.inner.cluster;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** The process dies now, between two calls. */
  kill(): void {
    this.#die(null);
  }

  #wrap<Port extends object>(portName: string, port: Port): Port {
    return new Proxy(port, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) =>
          this.#call(
            { name: `${portName}.${String(key)}`, args },
            async () => Reflect.apply(member, target, args) as unknown,
          );
      },
    });
  }

  async #call(call: StorageCall, run: () => Promise<unknown>): Promise<unknown> {
    if (this.#dead) return never();
    const { fate: decide, onCommitted, onReplied, pause } = this.#options;
    const fate = decide(call);
    const there = pause?.(call, 'there');
    if (there) await there;
    if (fate === 'die-before') this.#die(call);
    if (this.#dead) return never();
    if (fate === 'reject') throw unavailable(call);
    let failure: { cause: unknown } | null = null;
    const result = await this.#run(run).catch((cause: unknown) => {
      failure = { cause };
    });
    if (failure === null) onCommitted?.(call, result);
    if (fate === 'die-after') this.#die(call);
    const back = pause?.(call, 'back');
    if (back) await back;
    if (this.#dead) return never();
    if (failure !== null) throw (failure as { cause: unknown }).cause;
    if (fate === 'lose-reply') throw unavailable(call);
    onReplied?.(call);
    return result;
  }

  async #run(run: () => Promise<unknown>): Promise<unknown> {
    this.busy++;
    this.activity++;
    try {
      return await run();
    } finally {
      this.busy--;
      this.activity++;
    }
  }

  #die(call: StorageCall | null): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#options.onDeath?.(call);
  }
}

function unavailable(call: StorageCall): Problem {
  return new Problem('unavailable', `The simulated store failed in ${call.name}: try again.`, {
    retryAfterSeconds: 1,
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}
