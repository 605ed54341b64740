import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FollowedItem, followEvents } from './follow-events.ts';
import { ServerProblem, unreachable } from './server-problem.ts';

type Step = string | ServerProblem;

/** What each connection says before it ends; a thrown one is refused. */
function server(steps: readonly Step[]) {
  const asked: (string | null)[] = [];
  const open = async (after: string | null): Promise<Response> => {
    const step = steps[asked.push(after) - 1];
    if (step === undefined) throw new ServerProblem('enough', { status: 400, code: 'end' });
    if (typeof step !== 'string') throw step;
    return new Response(step);
  };
  return { open, asked };
}

async function follow(steps: readonly Step[], after: string | null = null) {
  const { open, asked } = server(steps);
  const items: FollowedItem<unknown>[] = [];
  const following = followEvents({
    ...{ after, open, signal: new AbortController().signal, pauseMs: 1 },
    lost: (cause) => unreachable('http://hub', cause),
  });
  await assert.rejects(async () => {
    for await (const item of following) items.push(item);
  }, /enough/);
  return { asked, said: items.map((item) => ('cursor' in item ? `${item.kind} ${item.cursor}` : item.kind)) };
}

const event = (id: string): string => `id: ${id}\ndata: {"id":"${id}"}\n\n`;
const cursor = (id: string): string => `id: ${id}\nevent: cursor\ndata: {"cursor":"${id}"}\n\n`;
const DOWN = new ServerProblem('down', { status: null, code: 'unreachable' });

test('each connection goes on behind the last cursor of the one before', async () => {
  const { asked, said } = await follow([cursor('a') + event('b'), `: heartbeat\n\n${event('c')}`], 'z');
  assert.deepEqual(asked, ['z', 'b', 'c']);
  assert.deepEqual(said, ['connected', 'cursor a', 'event b', 'event c']);
});

test('an outage is told once, and its end too; half an event is none', async () => {
  const { asked, said } = await follow([`${event('a')}id: b\ndata: {"id":`, DOWN, DOWN, event('b')]);
  assert.deepEqual(said, ['connected', 'event a', 'away', 'connected', 'event b']);
  assert.deepEqual(asked, [null, 'a', 'a', 'a', 'b']);
});

test('a server that is not there at first is waited for', async () => {
  const busy = new ServerProblem('busy', { status: 503, code: 'unavailable', retryAfterMs: 1 });
  assert.deepEqual((await follow([busy, event('a')])).said, ['away', 'connected', 'event a']);
});

test('a connection that breaks and is made again at once is no outage, unless that goes on', async () => {
  const blip = cursor('a');
  assert.deepEqual((await follow([blip, event('b'), blip])).said, [
    ...['connected', 'cursor a', 'event b', 'cursor a'],
  ]);
  const { said } = await follow([blip, blip, blip, blip]);
  assert.deepEqual(
    said.filter((item) => !item.startsWith('cursor')),
    ['connected', 'away'],
  );
});

test('what no waiting helps against is thrown', async () => {
  const broken = followEvents({
    ...{ after: null, signal: new AbortController().signal, lost: () => DOWN },
    open: () => Promise.resolve(new Response('id: a\ndata: {\n\n')),
  });
  await broken.next();
  await assert.rejects(broken.next(), /is no JSON: begin behind it/);
  const refused = new ServerProblem('no such token', { status: 401, code: 'authentication_failed' });
  const following = followEvents({
    ...{ after: null, signal: new AbortController().signal, open: () => Promise.reject(refused) },
    lost: () => DOWN,
  });
  await assert.rejects(following.next(), refused);
});

test('it ends when it is told to, also while it waits', async () => {
  const stop = new AbortController();
  const following = followEvents({
    ...{ after: null, signal: stop.signal, open: () => Promise.reject(DOWN), lost: () => DOWN },
  });
  assert.equal((await following.next()).value?.kind, 'away');
  setTimeout(() => stop.abort(), 5);
  assert.equal((await following.next()).done, true);
});
