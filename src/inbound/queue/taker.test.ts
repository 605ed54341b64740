import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { SeededDice } from '../../../test/support/seeded-dice.ts';
import { Problem } from '../../core/problem.ts';
import type { InboundHost, InboundItem, Taken } from '../../ports/inbound.ts';
import { takerOf } from './taker.ts';

const ITEM = {} as InboundItem;
const ACCEPTED: Taken = { kind: 'accepted', eventId: 'evt_1', reply: null };
const REFUSED: Taken = { kind: 'refused', detail: 'Too large.', isFinal: true };
const BUSY: Taken = { kind: 'refused', detail: 'Too many.', isFinal: false };
const AWAY = new Problem('unavailable', 'The store is away.');

function rig(...answers: (Taken | Error)[]) {
  const clock = new FakeClock();
  const told: string[] = [];
  const bugs: unknown[] = [];
  const host = {
    source: { id: 'src' },
    async take() {
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    health: (state: string, detail: string | null) => told.push(`${state}: ${detail}`),
  } as unknown as InboundHost;
  const log = { info() {}, warn() {}, error: (_: string, cause: unknown) => bugs.push(cause) };
  return { clock, told, bugs, taker: takerOf(host, { clock, dice: new SeededDice(1), log }) };
}

test('stored now or before is taken, refused for good is refused, and anything else must come again', async () => {
  const once = async (answer: Taken | Error) => (await rig(answer).taker.once(ITEM)).kind;
  assert.equal(await once(ACCEPTED), 'taken');
  assert.equal(await once({ kind: 'duplicate', eventId: 'evt_1' }), 'taken');
  assert.equal(await once(REFUSED), 'refused');
  assert.equal(await once(BUSY), 'later');
  assert.equal(await once(AWAY), 'later');
  assert.equal(await once(new TypeError('a bug')), 'later');
});

test('a bug is logged, a store that is away is not', async () => {
  const { taker, bugs } = rig(AWAY, new TypeError('a bug'));
  await taker.once(ITEM);
  assert.equal(bugs.length, 0);
  await taker.once(ITEM);
  assert.equal(bugs.length, 1);
});

test('trouble and its end are told once each, however many messages meet it', async () => {
  const { taker, told } = rig(AWAY, AWAY, BUSY, ACCEPTED, ACCEPTED);
  for (let n = 0; n < 5; n++) await taker.once(ITEM);
  assert.deepEqual(told, ['failing: The store is away.', 'running: null']);
});

test('refusals are told with their number, at most every ten seconds', async () => {
  const { taker, told, clock } = rig(REFUSED);
  for (let n = 0; n < 20; n++) await taker.once(ITEM);
  assert.deepEqual(told, ['running: A message was refused: Too large.']);
  await clock.advance(10_000);
  await taker.once(ITEM);
  assert.equal(told[1], 'running: A message was refused: Too large. (21 since the start)');
});

test('firmly tries with growing pauses until it is taken', async () => {
  const { taker, clock } = rig(AWAY, AWAY, AWAY, ACCEPTED);
  const startedAt = clock.now();
  let takenAt: number | null = null;
  const taking = taker.firmly(ITEM, new AbortController().signal).then(() => {
    takenAt = clock.now() - startedAt;
  });
  await clock.advance(60_000);
  await taking;
  assert.ok(takenAt! >= 3_500 && takenAt! <= 4_375, `after ${takenAt} ms`);
});

test('firmly gives up when its session ends, and says that it must come again', async () => {
  const { taker, clock } = rig(AWAY);
  const ending = new AbortController();
  const taking = taker.firmly(ITEM, ending.signal);
  await clock.advance(100);
  ending.abort();
  assert.equal((await taking).kind, 'later');
  assert.equal(clock.armed, 0);
});
