import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { queueRig, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import type { InboundItem } from '../../ports/inbound.ts';
import { type Chat, runChat } from './run-chat.ts';

/** A chat whose connections are made by the test. */
function chatRig() {
  const clock = new FakeClock();
  const chats: Chat[] = [];
  const queue = queueRig(
    (parts) => ({
      kind: 'irc',
      check: () => {},
      secretMembers: [],
      run: (host) =>
        runChat(parts, host, async (chat) => {
          chats.push(chat);
          await chat.over;
        }),
    }),
    { clock },
  );
  const advance = async (ms: number) => {
    await tick();
    await clock.advance(ms);
    await tick();
  };
  return { ...queue, rig: queue, chats, advance };
}

const item = (text: string): InboundItem => ({
  ...{ type: 'irc.message', dedupeKey: null, orderingKey: null, method: 'POST', contentType: '' },
  ...{ headers: [], body: Buffer.from(text), peer: null, meta: null },
});

test('messages are taken in order, and what the source answers is said', async () => {
  const { rig, chats, advance } = chatRig();
  rig.answer = ({ body }) => ({ kind: 'accepted', eventId: 'e', reply: `you said ${Buffer.from(body)}` });
  const running = rig.start({});
  const said: unknown[] = [];
  const replyOf = (taken: object) => ('reply' in taken ? taken.reply : taken);
  chats[0]!.hear(item('a'), (taken) => said.push(replyOf(taken)));
  chats[0]!.hear(item('b'), (taken) => said.push(replyOf(taken)));
  await advance(0);
  assert.deepEqual(textsOf(rig.stored), ['a', 'b']);
  assert.deepEqual(said, ['you said a', 'you said b']);
  await running.stop();
});

test('while the store is away a message is held, over a new connection too', async () => {
  const { rig, chats, advance } = chatRig();
  rig.answer = storeIsAway;
  const running = rig.start({});
  chats[0]!.hear(item('a'), () => {});
  await advance(600);
  chats[0]!.fail(new Error('The server fell silent.'));
  await advance(1_500);
  assert.equal(chats.length, 2);
  assert.deepEqual(rig.health.at(-1), ['failing', 'The server fell silent.']);
  rig.answer = () => ({ kind: 'accepted', eventId: 'e', reply: null });
  await advance(5_000);
  assert.deepEqual(textsOf(rig.stored), ['a']);
  await running.stop();
});

test('what could not be stored within the bound is told as lost, and the next is taken', async () => {
  const { rig, chats, advance } = chatRig();
  rig.answer = storeIsAway;
  const running = rig.start({});
  chats[0]!.hear(item('lost'), ({ kind }) => assert.equal(kind, 'untaken'));
  chats[0]!.hear(item('kept'), () => {});
  for (let seconds = 0; seconds < 18; seconds++) await advance(1_000);
  assert.match(rig.health.at(-1)![1]!, /A message was not taken: The store is away/);
  rig.answer = () => ({ kind: 'accepted', eventId: 'e', reply: null });
  await advance(2_000);
  assert.deepEqual(textsOf(rig.stored), ['kept']);
  await running.stop();
});

test('the pause before each new connection grows, and a good connection forgives', async () => {
  const { rig, chats, advance } = chatRig();
  const running = rig.start({});
  const secondsToNext = async () => {
    const before = chats.length;
    chats.at(-1)!.fail(new Error('no'));
    for (let seconds = 1; ; seconds++) {
      await advance(1_000);
      if (chats.length > before || seconds > 100) return seconds;
    }
  };
  const pauses = [];
  for (let times = 0; times < 8; times++) pauses.push(await secondsToNext());
  assert.ok(
    pauses[0]! <= 2 && pauses[1]! > pauses[0]! && pauses[7]! >= 60 && pauses[7]! <= 76,
    String(pauses),
  );
  await advance(61_000);
  assert.ok((await secondsToNext()) <= 2);
  await running.stop();
});
