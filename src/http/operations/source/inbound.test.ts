import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource } from '../../../../test/support/source.ts';
import { invalid } from '../../../core/problem.ts';
import type { InboundHost, InboundItem, InboundKind } from '../../../ports/inbound.ts';

/** A way in that brings what the test gives it. */
const running = new Map<string, InboundHost>();
const SCRIPTED: InboundKind = {
  kind: 'poll',
  secretMembers: ['password'],
  check(input) {
    if (typeof (input as { url?: unknown }).url !== 'string')
      throw invalid(['body', 'input', 'url'], 'Give the URL to poll.');
  },
  run(host) {
    running.set(host.source.id, host);
    host.health('running', null);
    return {
      stop: async () => {
        running.delete(host.source.id);
      },
    };
  },
};

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn({ inboundKinds: () => [SCRIPTED] });
  receiver = await startReceiver();
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

const INPUT = { url: 'https://example.com/items', password: 'p4ss' };

function item(given: Partial<InboundItem> = {}): InboundItem {
  return {
    ...{ type: 'item.created', dedupeKey: null, orderingKey: null, method: 'POST' },
    ...{
      contentType: 'application/json',
      headers: [['Content-Type', 'application/json']],
      peer: null,
      meta: null,
    },
    body: Buffer.from('{"n":1}'),
    ...given,
  };
}

async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('It did not come to pass within 10 s.');
}

const bare = (id: string): string => id.slice('src_'.length);
const hostOf = (id: string): Promise<InboundHost> => until(() => running.get(bare(id)));

test('settings of a way in are checked, and its secrets are masked and kept when the mask comes back', async () => {
  const wrong = await posthorn.call('POST', '/api/v1/source', {
    body: { name: 'x', kind: 'poll', input: {} },
  });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.json.errors[0].pointer, '#/input/url');
  const { id } = await makeSource(posthorn, { kind: 'poll', input: INPUT });
  const shown = (await posthorn.call('GET', `/api/v1/source/${id}`)).json.input;
  assert.equal(shown.url, INPUT.url);
  assert.notEqual(shown.password, INPUT.password);
  const patched = await posthorn.call('PATCH', `/api/v1/source/${id}`, {
    body: { input: { ...shown, url: 'https://example.com/other' } },
  });
  assert.equal(patched.status, 200);
  const host = await until(() => {
    const known = running.get(bare(id));
    return (known?.input as { url?: string })?.url === 'https://example.com/other' ? known : undefined;
  });
  assert.equal((host.input as { password: string }).password, INPUT.password);
});

test('what a way in brings is delivered along the flows, once per dedupe key, and its cursor is kept', async () => {
  const { id } = await makeSource(posthorn, { kind: 'poll', input: INPUT, orderingKey: 'body.n' });
  await makeFlow(posthorn, receiver.url, { flow: { sources: [id] } });
  const host = await hostOf(id);
  const at = receiver.requests.length;
  const first = await host.take(item({ dedupeKey: 'a' }));
  const again = await host.take(item({ dedupeKey: 'a' }));
  assert.equal(first.kind, 'accepted');
  assert.deepEqual(again, { kind: 'duplicate', eventId: first.kind === 'accepted' ? first.eventId : '' });
  assert.equal((await receiver.waitFor(at + 1))[at]!.body.toString(), '{"n":1}');
  await host.writeCursor({ last: 7 });
  assert.deepEqual(await host.readCursor(), { last: 7 });
});

test('a source that is disabled or deleted is stopped, and runs again when it is enabled', async () => {
  const { id } = await makeSource(posthorn, { kind: 'poll', input: INPUT });
  await hostOf(id);
  await posthorn.call('PATCH', `/api/v1/source/${id}`, { body: { disabled: true } });
  await until(() => (running.has(bare(id)) ? undefined : true));
  await posthorn.call('PATCH', `/api/v1/source/${id}`, { body: { disabled: false } });
  await hostOf(id);
  await posthorn.call('DELETE', `/api/v1/source/${id}`);
  await until(() => (running.has(bare(id)) ? undefined : true));
});

test('trouble is shown in the source’s health and told by an operational event, and so is its end', async () => {
  await posthorn.call('POST', '/api/v1/operational-webhook/endpoint', {
    body: { url: `${receiver.url}/ops`, eventTypes: ['source.failing', 'source.recovered'] },
  });
  const { id } = await makeSource(posthorn, { kind: 'poll', input: INPUT });
  const host = await hostOf(id);
  const health = async () => (await posthorn.call('GET', `/api/v1/source/${id}/health`)).json;
  const told = () =>
    receiver.requests.filter(({ url }) => url === '/ops').map(({ body }) => JSON.parse(body.toString()));
  await until(async () => ((await health()).state === 'running' ? true : undefined));
  host.health('failing', 'The server refused the password.');
  const failing = await until(async () => {
    const now = await health();
    return now.state === 'failing' ? now : undefined;
  });
  assert.equal(failing.detail, 'The server refused the password.');
  host.health('running', null);
  await until(async () => ((await health()).state === 'running' ? true : undefined));
  const events = await until(() => (told().length >= 2 ? told() : undefined));
  assert.deepEqual(
    events.map(({ type }) => type),
    ['source.failing', 'source.recovered'],
  );
  assert.equal(events[0].data.sourceId, id);
});

test('a source that should hear something and does not is silent, until something comes', async () => {
  const source = await makeSource(posthorn, { expectEverySeconds: 1 });
  const state = async () => (await posthorn.call('GET', `/api/v1/source/${source.id}/health`)).json.state;
  await until(async () => ((await state()) === 'silent' ? true : undefined));
  await source.send({ body: 'x' });
  await until(async () => ((await state()) === 'running' ? true : undefined));
});
