import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { SeededDice } from '../../../test/support/seeded-dice.ts';
import type { InboundHost } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { inTime } from './in-time.ts';
import { roomOf } from './room.ts';
import { type RunSession, runSessions } from './sessions.ts';
import { trouble } from './trouble.ts';

function started(run: (session: Parameters<RunSession>[0], clock: FakeClock) => Promise<void>) {
  const clock = new FakeClock();
  const told: (string | null)[] = [];
  const host = {
    source: { id: 'src', kind: 'amqp' },
    health: (_: string, detail: string | null) => told.push(detail),
  } as unknown as InboundHost;
  const log = { info() {}, warn() {}, error() {} };
  const parts = { clock, dice: new SeededDice(1), log } as unknown as InboundParts;
  return { clock, told, running: runSessions(parts, host, (session) => run(session, clock)) };
}

test('a session that breaks is told by its first cause, and followed by another after a growing pause', async () => {
  const at: number[] = [];
  const { clock, told, running } = started(async (session, time) => {
    at.push(time.now());
    session.fail(new Error('cut off'));
    session.fail(new Error('closed'));
    throw new Error('as a consequence');
  });
  await clock.advance(10_000);
  await running.stop();
  assert.ok(told.every((detail) => detail === 'cut off'));
  const pauses = at.slice(1).map((instant, n) => instant - at[n]!);
  assert.ok(pauses.length >= 3);
  assert.ok(
    pauses.every((pause, n) => n === 0 || pause > pauses[n - 1]!),
    String(pauses),
  );
});

test('once messages have flowed the pauses begin anew', async () => {
  let sessions = 0;
  const { clock, running } = started(async (session) => {
    sessions++;
    session.flowing();
    throw new Error('cut off');
  });
  await clock.advance(10_000);
  await running.stop();
  assert.ok(sessions > 10, `${sessions} in 10 s`);
});

test('stopping waits for what is being worked on', async () => {
  let release = (): void => {};
  let isDone = false;
  const { clock, running } = started(async (session) => {
    session.flowing();
    session.work(async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      isDone = true;
    });
    await session.over;
  });
  await clock.advance(1);
  const stopped = running.stop();
  await clock.advance(1);
  assert.equal(isDone, false);
  release();
  await stopped;
  assert.equal(isDone, true);
});

test('a room has so many places, and nobody waits for one when the session is over', async () => {
  const releases: (() => void)[] = [];
  const frees: number[] = [];
  const { clock, running } = started(async (session) => {
    const room = roomOf(session, 2);
    for (let free = await room.free(); free > 0; free = await room.free()) {
      frees.push(free);
      room.take(() => new Promise((resolve) => void releases.push(resolve)));
    }
    for (const release of releases) release();
  });
  await clock.advance(1);
  assert.deepEqual(frees, [2, 1]);
  releases.shift()!();
  await clock.advance(1);
  assert.deepEqual(frees, [2, 1, 1]);
  await running.stop();
});

test('what never settles has an end', async () => {
  const clock = new FakeClock();
  const late = assert.rejects(inTime(clock, 5_000, 'The commit', new Promise(() => {})), {
    message: 'The commit took longer than 5 s.',
  });
  await clock.advance(5_000);
  await late;
  assert.equal(await inTime(clock, 5_000, 'It', Promise.resolve(7)), 7);
  assert.equal(clock.armed, 0);
});

test('trouble is the innermost message, in one bounded sentence', () => {
  const inner = new Error('', { cause: new Error('connect refused') });
  assert.equal(trouble(new AggregateError([new Error('first'), inner], 'All failed.')), 'connect refused');
  assert.equal(trouble(Object.assign(new Error(''), { code: 'ECONNRESET' })), 'ECONNRESET');
  assert.equal(trouble('said so'), 'said so');
  assert.equal(trouble(undefined), 'The connection ended.');
  assert.equal(trouble(new Error('x'.repeat(999))).length, 301);
  const loop = new Error('outer');
  loop.cause = loop;
  assert.equal(trouble(loop), 'outer');
});
