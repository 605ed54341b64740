import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import {
  acceptanceOf,
  changeSet,
  enterNewWorld,
  eventOf,
  NOON,
  newDestinationId,
  recordOf,
} from '../conformance/samples.ts';
import { recordOp } from '../sql/attempt-row.ts';
import { acceptOp } from '../sql/event-row.ts';
import type { WriteOp } from '../sql/write-op.ts';
import { packBatch, unpackBatch } from './pack.ts';
import { packSettled, unpackSettled } from './thread-messages.ts';

enterNewWorld();

const idempotency = {
  keyHash: Buffer.alloc(4, 1),
  bodyHash: Buffer.alloc(4, 2),
  status: 202,
  response: '{}',
  expiresAt: NOON,
};
const health = {
  failuresInRow: 1,
  failingSince: 2,
  circuit: 'open',
  probeAt: 3,
  probeDelayMs: 4,
  throttledUntil: 5,
} as const;
const accepted = { event: eventOf(), seq: 7 };
const destinationId = newDestinationId();
const caused = acceptanceOf([], { applicationId: null });
const { publish: _, ...change } = changeSet([]);

const OPS: readonly WriteOp[] = [
  acceptOp(acceptanceOf([])),
  acceptOp(
    acceptanceOf([destinationId, newDestinationId()], { eventId: 'e', channels: ['ü'] }, { idempotency }),
  ),
  { kind: 'ping' },
  recordOp(recordOf(accepted, { destinationId })),
  recordOp(recordOf(accepted, { destinationId, response: null }, { health: { value: null } })),
  recordOp(
    recordOf(
      accepted,
      { destinationId, response: new Uint8Array(0), nextAttemptAt: NOON },
      { health: { value: health }, next: { kind: 'waiting', dueAt: NOON, attempts: 3 } },
    ),
  ),
  recordOp(recordOf(accepted, { destinationId }, { publish: [caused] })),
  { kind: 'change', change, publish: [acceptOp(caused)] },
  acceptOp(acceptanceOf([], {}, { content: new Uint8Array(0) })),
];

/** Bytes by value: a Buffer and an array of the same bytes are the same. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, member: unknown) => {
      if (member instanceof Uint8Array) return { bytes: [...member] };
      const buffer = member as { type?: string; data?: number[] } | null;
      return buffer?.type === 'Buffer' ? { bytes: buffer.data } : member;
    }),
  );
}

test('a batch arrives as it was sent', () => {
  const received = structuredClone(packBatch(OPS));
  assert.deepEqual(plain(unpackBatch(received)), plain(OPS));
});

test('a batch carries the bytes of its payloads, and not the slabs that they are slices of', () => {
  const slab = Buffer.alloc(1_000_000);
  const content = slab.subarray(10, 20);
  const batch = packBatch([
    acceptOp(acceptanceOf([], {}, { content })),
    { kind: 'change', change, publish: [acceptOp(acceptanceOf([], {}, { content }))] },
  ]);
  assert.equal(batch.bytes.byteLength, 10);
  const rare = batch.rare[0]![1] as WriteOp & { kind: 'change' };
  assert.equal(rare.publish[0]!.content.buffer.byteLength, 10);
  assert.equal(slab.byteLength, 1_000_000, 'the caller keeps its memory');
});

test('results and refusals arrive as they were sent', () => {
  const bug = new TypeError('bug');
  const problem = new Problem('unavailable', 'Later.', { retryAfterSeconds: 3, cause: bug });
  const settled = [
    { value: { kind: 'accepted', seq: 1, catalogVersion: 2 } },
    { value: { kind: 'duplicate', id: 'x' } },
    { value: undefined },
    { value: undefined },
    { error: problem },
    { error: bug },
  ];
  const reply = structuredClone(packSettled(OPS.slice(0, settled.length), settled));
  const received = unpackSettled(settled.length, reply);
  assert.deepEqual(received.slice(0, 4), settled.slice(0, 4));
  const refused = (received[4] as { error: Problem }).error;
  assert.ok(refused instanceof Problem);
  assert.deepEqual([refused.code, refused.message, refused.retryAfterSeconds], ['unavailable', 'Later.', 3]);
  assert.ok((received[5] as { error: Error }).error instanceof TypeError);
});
