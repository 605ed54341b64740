import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptanceOf, enterNewWorld } from '../conformance/samples.ts';
import { acceptOp } from './event-row.ts';
import { STORAGE_LIMITS } from './limits.ts';
import type { Settled, WriteOp } from './write-op.ts';
import { WriteQueue } from './write-queue.ts';

enterNewWorld();

interface Batch {
  readonly ops: readonly WriteOp[];
  readonly resolve: (settled: readonly Settled[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A hop whose batches the test finishes by hand. */
function open(limits: Partial<typeof STORAGE_LIMITS> = {}) {
  const batches: Batch[] = [];
  const run = (ops: readonly WriteOp[]) =>
    new Promise<readonly Settled[]>((resolve, reject) => batches.push({ ops, resolve, reject }));
  const queue = new WriteQueue({ run, soon: queueMicrotask }, { ...STORAGE_LIMITS, ...limits });
  return { queue, batches };
}

const turn = () => new Promise(setImmediate);
const acceptOf = (bytes: number) => acceptOp(acceptanceOf([], {}, { content: Buffer.alloc(bytes) }));
const settledWith = (value: unknown, count: number): Settled[] =>
  Array.from({ length: count }, () => ({ value }));

test('one batch is under way at a time; what arrives meanwhile is the next, in order', async () => {
  const { queue, batches } = open();
  const first = queue.submit<'ping'>({ kind: 'ping' });
  await turn();
  const prune = queue.submit<'prune'>({ kind: 'prune', now: 0, historyBefore: 0, limit: 1 });
  const checkpoint = queue.submit<'checkpoint'>({ kind: 'checkpoint' });
  await turn();
  assert.equal(batches.length, 1);
  batches[0]!.resolve(settledWith(undefined, 1));
  await first;
  await turn();
  assert.deepEqual(
    batches[1]!.ops.map(({ kind }) => kind),
    ['prune', 'checkpoint'],
  );
  batches[1]!.resolve([{ value: 5 }, { value: undefined }]);
  assert.equal(await prune, 5);
  await checkpoint;
});

test('a batch ends at its limits of writes and bytes, but takes at least one', async () => {
  const { queue, batches } = open({ batchOpsMax: 3, batchBytesMax: 100 });
  const sizes = [500, 60, 60, 1, 1, 1, 1];
  const all = sizes.map((bytes) => queue.submit<'accept'>(acceptOf(bytes)));
  for (let i = 0; i < 4; i++) {
    await turn();
    batches[i]!.resolve(settledWith('done', batches[i]!.ops.length));
  }
  await Promise.all(all);
  assert.deepEqual(
    batches.map(({ ops }) => ops.length),
    [1, 1, 3, 2],
  );
});

test('past its limits the queue refuses, and takes writes again when it has drained', async () => {
  const { queue, batches } = open({ waitingOpsMax: 2 });
  const running = queue.submit<'ping'>({ kind: 'ping' });
  await turn();
  const waiting = [queue.submit<'ping'>({ kind: 'ping' }), queue.submit<'ping'>({ kind: 'ping' })];
  await assert.rejects(queue.submit<'ping'>({ kind: 'ping' }), {
    name: 'Problem',
    code: 'unavailable',
    retryAfterSeconds: 1,
  });
  batches[0]!.resolve(settledWith(undefined, 1));
  await running;
  await turn();
  batches[1]!.resolve(settledWith(undefined, 2));
  await Promise.all(waiting);
  const again = queue.submit<'ping'>({ kind: 'ping' });
  await turn();
  batches[2]!.resolve(settledWith(undefined, 1));
  await again;
});

test('bytes that wait count towards the limit as well', async () => {
  const { queue } = open({ waitingBytesMax: 1000 });
  void queue.submit<'accept'>(acceptOf(1)).catch(() => {});
  await turn();
  void queue.submit<'accept'>(acceptOf(1500)).catch(() => {});
  await assert.rejects(queue.submit<'accept'>(acceptOf(1)), { code: 'unavailable' });
});

test('a batch that is refused refuses each of its callers, and the next one runs', async () => {
  const { queue, batches } = open();
  const both = [queue.submit<'ping'>({ kind: 'ping' }), queue.submit<'ping'>({ kind: 'ping' })];
  await turn();
  batches[0]!.reject(new Error('disk'));
  for (const each of both) await assert.rejects(each, /disk/);
  const next = queue.submit<'ping'>({ kind: 'ping' });
  await turn();
  batches[1]!.resolve([{ error: new Error('alone') }]);
  await assert.rejects(next, /alone/);
});

test('closing waits for what was asked for', async () => {
  const { queue, batches } = open();
  const last = queue.submit<'ping'>({ kind: 'ping' });
  let isClosed = false;
  const closing = queue.close().then(() => {
    isClosed = true;
  });
  await turn();
  assert.equal(isClosed, false);
  await assert.rejects(queue.submit<'ping'>({ kind: 'ping' }), { code: 'unavailable' });
  batches[0]!.resolve(settledWith(undefined, 1));
  await last;
  await closing;
  await queue.close();
});
