/** One server, killed again and again while calls come in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Received, startReceiver } from '../support/receiver.ts';
import {
  type AnsweredCall,
  type Books,
  booksOf,
  CALLED_SOURCE,
  NOTHING_WRONG,
  startCallers,
} from './callers.ts';
import { request, until } from './cluster.ts';
import { freePort, ServerProcess, temporaryFolder } from './command.ts';

const KILLS = 5;
const LIFE_MS = [100, 500] as const;
/** Of deliveries that the destination answers with 500, so that retries are in the picture too. */
const REFUSED_SHARE = 0.05;
const READERS = 8;

interface Story {
  readonly raw: { readonly size: number };
  readonly deliveries: readonly { readonly state: string }[];
}

test(`every call answered with 202 is kept as it came and delivered in order, although the server is killed ${KILLS} times`, {
  timeout: 120_000,
}, async (t) => {
  using folder = temporaryFolder();
  await using destination = await startReceiver();
  const refused = new Set<Received>();
  destination.answer((received) => {
    if (Math.random() >= REFUSED_SHARE) return 200;
    refused.add(received);
    return 500;
  });
  await using server = new ServerProcess(await freePort(), {
    POSTHORN_DATA_DIR: folder.path,
    POSTHORN_RETRY_SCHEDULE: '[0.1, 0.2, 0.5, 1, 1, 2, 2, 5, 5, 5]',
    POSTHORN_LOG_LEVEL: 'silent',
  });
  await server.start();
  const token = await server.token();
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await request<T>(`${server.url}/api/v1${path}`, { method, token, body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const source = await ask<{ id: string; url: string }>('POST', '/source', { name: 'g', ...CALLED_SOURCE });
  const ordered = { url: destination.url, ordering: { scope: 'key' } };
  const { id } = await ask<{ id: string }>('POST', '/destination', ordered);
  await ask('POST', '/flow', { name: 'all', destinations: [id] });

  await using callers = startCallers({ urls: [source.url], callers: 8, pauseMs: 10 });
  for (let kill = 1; kill <= KILLS; kill++) {
    await sleep(LIFE_MS[0] + Math.random() * (LIFE_MS[1] - LIFE_MS[0]));
    await server.end('SIGKILL');
    await server.start();
  }
  const { length } = callers.answered;
  await until('calls are answered after the last kill', () => callers.answered.length > length + 20);
  await callers.stop();
  const { answered } = callers;
  const books = (): Books =>
    booksOf(
      answered,
      destination.requests.filter((received) => !refused.has(received)),
    );
  await until('all is delivered', () => books().lost.length === 0);

  const { repeated, ...wrong } = books();
  const resent = answered.filter(({ isRepeated }) => isRepeated).length;
  t.diagnostic(
    `${answered.length} answered in ${KILLS} kills, 0 lost, ${repeated} deliveries repeated, ${resent} calls sent again found their event`,
  );
  assert.deepEqual(wrong, NOTHING_WRONG);
  assert.ok(answered.length > KILLS * 10, 'callers must have been at work between the kills');
  await everyEventIsThere(answered, (of) => ask<Story>('GET', `/event/${of}`));
});

async function everyEventIsThere(
  answered: readonly AnsweredCall[],
  read: (id: string) => Promise<Story>,
): Promise<void> {
  const left = [...answered];
  const reader = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { id, body } = next;
      // It may have arrived before that was written down.
      await until('each is recorded as delivered', async () => {
        const { raw, deliveries } = await read(id);
        assert.equal(raw.size, Buffer.byteLength(body));
        assert.equal(deliveries.length, 1);
        return deliveries[0]!.state === 'delivered';
      });
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
}
