/**
 * Group commit, on the caller's side. Everything that is written goes through one queue; one batch at a time is one
 * transaction, and what arrives meanwhile is the next batch. There is no delay when idle.
 *
 *   idle ──submit──> scheduled ──flush──> running ──settled, nothing waits──> idle
 *                                            └──settled, some wait──> running
 */
import { Problem } from '../../core/problem.ts';
import type { StorageLimits } from './limits.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import {
  bytesOf,
  type Settled,
  type WriteKind,
  type WriteOp,
  type WriteOpOf,
  type WriteResults,
} from './write-op.ts';

export interface WriteHop {
  /** Runs a batch in one transaction. Rejects when nothing of it was written. */
  run(ops: readonly WriteOp[]): Promise<readonly Settled[]>;
  /** Calls `flush` soon: a microtask for a simulation, the end of the loop's turn for a server. */
  soon(flush: () => void): void;
}

interface Waiting {
  readonly op: WriteOp;
  readonly bytes: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class WriteQueue {
  readonly #hop: WriteHop;
  readonly #limits: StorageLimits;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #busy = false;
  #closed = false;
  #whenIdle: (() => void)[] = [];

  constructor(hop: WriteHop, limits: StorageLimits) {
    this.#hop = hop;
    this.#limits = limits;
  }

  submit<K extends WriteKind>(op: WriteOpOf<K>): Promise<WriteResults[K]> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal();
      if (refusal !== null) {
        reject(refusal);
        return;
      }
      const bytes = bytesOf(op);
      this.#waiting.push({ op, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      if (this.#busy) return;
      this.#busy = true;
      this.#hop.soon(() => this.#flush());
    });
  }

  /** Refuses new writes and resolves when the last one is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#busy) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #refusal(): Problem | null {
    const retry = { retryAfterSeconds: RETRY_AFTER_SECONDS };
    if (this.#closed) return new Problem('unavailable', 'The store is closing; try again shortly.', retry);
    if (
      this.#waiting.length < this.#limits.waitingOpsMax &&
      this.#waitingBytes < this.#limits.waitingBytesMax
    ) {
      return null;
    }
    return new Problem('unavailable', 'Too many writes wait for the disk; try again shortly.', retry);
  }

  #flush(): void {
    const batch = this.#take();
    this.#hop.run(batch.map((each) => each.op)).then(
      (settled) => this.#settle(batch, settled),
      (error: unknown) => {
        for (const each of batch) each.reject(error);
        this.#next();
      },
    );
  }

  #settle(batch: readonly Waiting[], settled: readonly Settled[]): void {
    for (let i = 0; i < batch.length; i++) {
      const each = settled[i]!;
      if ('error' in each) batch[i]!.reject(each.error);
      else batch[i]!.resolve(each.value as never);
    }
    this.#next();
  }

  #next(): void {
    if (this.#waiting.length > 0) {
      this.#hop.soon(() => this.#flush());
      return;
    }
    this.#busy = false;
    for (const idle of this.#whenIdle.splice(0)) idle();
  }

  /** What goes into the next transaction, in order of arrival: at least one write, however large. */
  #take(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < this.#limits.batchOpsMax) {
      const next = this.#waiting[count]!.bytes;
      if (count > 0 && bytes + next > this.#limits.batchBytesMax) break;
      bytes += next;
      count++;
    }
    this.#waitingBytes -= bytes;
    const batch = this.#waiting;
    this.#waiting = batch.splice(count);
    return batch;
  }
}
