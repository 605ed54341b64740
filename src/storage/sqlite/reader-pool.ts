/**
 * Reader threads. Each has one read at a time; the rest wait in order. A read that overruns its deadline is answered
 * as `unavailable`; when its thread does not come back by itself it is ended and another takes its place.
 */
import type { Worker } from 'node:worker_threads';
import { Problem } from '../../core/problem.ts';
import { RETRY_AFTER_SECONDS } from '../sql/limits.ts';
import { readTooLong } from './read-context.ts';
import type { ReadName, ReadQuery, ReadResult } from './reader.ts';
import { lostThread, startThread, type ThreadOptions } from './start-thread.ts';
import { type ReadMessage, type ReadReply, receiveError } from './thread-messages.ts';

/** A thread in the middle of one long step of SQLite notices its deadline late, or never. */
const GRACE_MS = 250;

interface Waiting {
  readonly message: ReadMessage;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class ReaderPool {
  readonly #options: ThreadOptions;
  readonly #waiting: Waiting[] = [];
  readonly #slots: Slot[];
  #closed = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.readers }, () => new Slot(options, () => this.#feed()));
  }

  read<K extends ReadName>(name: K, query: ReadQuery<K>): Promise<ReadResult<K>> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#waiting.length >= this.#options.limits.waitingReadsMax) {
        const detail = this.#closed ? 'The store is closed.' : 'Too many reads wait; try again shortly.';
        reject(new Problem('unavailable', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS }));
        return;
      }
      const { clock, limits } = this.#options;
      const message = { name, query, now: clock.now(), deadlineMs: limits.readDeadlineMs };
      this.#waiting.push({ message, resolve, reject });
      this.#feed();
    });
  }

  #feed(): void {
    for (const slot of this.#slots) {
      if (this.#waiting.length === 0) return;
      if (slot.isFree) slot.run(this.#waiting.shift()!);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const refusal = new Problem('unavailable', 'The store is closed.');
    for (const each of this.#waiting.splice(0)) each.reject(refusal);
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

/** One reader thread and its replacement after it was ended. */
class Slot {
  readonly #options: ThreadOptions;
  readonly #onFree: () => void;
  #thread: Worker | null;
  #running: Waiting | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ThreadOptions, onFree: () => void) {
    this.#options = options;
    this.#onFree = onFree;
    this.#thread = this.#start();
  }

  get isFree(): boolean {
    return this.#running === null;
  }

  run(read: Waiting): void {
    this.#running = read;
    this.#timer = setTimeout(() => this.#drop(readTooLong()), read.message.deadlineMs + GRACE_MS);
    try {
      this.#thread ??= this.#start();
      this.#thread.postMessage(read.message);
    } catch (cause) {
      // What cannot be moved is a bug of this caller's, and no reason to fail the others.
      this.#settle(({ reject }) => reject(cause as Error));
    }
  }

  #start(): Worker {
    const thread = startThread(this.#options, 'reader');
    thread.on('message', (reply: ReadReply) => {
      if (thread !== this.#thread) return;
      this.#settle(({ resolve, reject }) => {
        if ('value' in reply) resolve(reply.value as never);
        else reject(receiveError(reply.failed));
      });
    });
    thread.on('error', (cause) => {
      if (thread === this.#thread) this.#drop(lostThread(cause));
    });
    return thread;
  }

  /** The next read starts another thread. */
  #drop(error: Problem): void {
    void this.#thread?.terminate();
    this.#thread = null;
    this.#settle(({ reject }) => reject(error));
  }

  #settle(tell: (read: Waiting) => void): void {
    clearTimeout(this.#timer);
    const read = this.#running;
    this.#running = null;
    if (read !== null) tell(read);
    this.#onFree();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    if (thread === null) return;
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage('close');
    await ended;
    this.#running?.reject(new Problem('unavailable', 'The store is closed.'));
  }
}
