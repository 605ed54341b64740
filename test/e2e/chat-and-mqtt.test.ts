/** The whole way: a source made by the API, a real broker or chat, the event in the history, the answer said. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { ircKind } from '../../src/inbound/irc/irc-kind.ts';
import { mqttKind } from '../../src/inbound/mqtt/mqtt-kind.ts';
import { startPosthorn, type TestPosthorn } from '../support/posthorn.ts';
import { startTcp } from '../support/receivers.ts';

const posthorn = () =>
  startPosthorn({
    inboundKinds: (parts) =>
      [ircKind, mqttKind].map((make) =>
        make({ ...parts, userAgent: 'Posthorn/test', publicUrl: 'http://posthorn.test' }),
      ),
  });

async function eventually<Value>(what: string, look: () => Promise<Value | null>): Promise<Value> {
  for (const until = Date.now() + 15_000; Date.now() < until; await sleep(20)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`${what}: not within 15 s`);
}

async function made(hub: TestPosthorn, body: object): Promise<string> {
  const { status, json, text } = await hub.call('POST', '/api/v1/source', { body });
  assert.equal(status, 201, text);
  return json.id;
}

const running = (hub: TestPosthorn, id: string) =>
  eventually('it runs', async () => {
    const { json } = await hub.call('GET', `/api/v1/source/${id}/health`);
    return json?.state === 'running' ? json : null;
  });

const eventOf = (hub: TestPosthorn, type: string) =>
  eventually(`an event ${type}`, async () => {
    const { json } = await hub.call('GET', `/api/v1/event?limit=10`);
    return json?.data?.find((event: { type: string }) => event.type === type) ?? null;
  });

test('a value published to a broker is an event of the source that subscribes to it', async (t) => {
  await using hub = await posthorn();
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    aedes.close();
  });
  const { port } = server.address() as { port: number };
  const id = await made(hub, {
    name: 'house',
    kind: 'mqtt',
    input: {
      url: `mqtt://127.0.0.1:${port}`,
      protocol: '3.1.1',
      password: 'x',
      username: 'u',
      topics: [{ filter: 'home/#' }],
    },
  });
  const shown = await hub.call('GET', `/api/v1/source/${id}`);
  assert.notEqual(shown.json.input.password, 'x');
  await running(hub, id);
  const publisher = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  await publisher.publishAsync('home/kitchen', '{"celsius": 21.5}', { qos: 1 });
  await publisher.endAsync();
  const { source, body, via, meta } = await eventOf(hub, 'mqtt.message');
  assert.deepEqual([source, body, via, meta.topic], [id, { celsius: 21.5 }, 'mqtt', 'home/kitchen']);
});

test('what a source’s template makes is said in the channel', async (t) => {
  await using hub = await posthorn();
  const lines: string[] = [];
  const { port } = await startTcp(t, (socket) => {
    socket.on('data', (chunk) => {
      for (const line of String(chunk).split('\r\n').filter(Boolean)) {
        lines.push(line);
        if (line.startsWith('USER')) socket.write(':s 001 hub :Welcome\r\n');
        if (line.startsWith('JOIN'))
          socket.write(':hub!h@h JOIN #ops\r\n:ann!a@h PRIVMSG #ops :hub: deploy web\r\n');
      }
    });
  });
  const id = await made(hub, {
    name: 'bot',
    kind: 'irc',
    input: {
      host: '127.0.0.1',
      port,
      tls: false,
      nick: 'hub',
      channels: [{ name: '#ops' }],
      channelKeys: { '#ops': 'k' },
    },
    answer: {
      kind: 'template',
      status: 200,
      headers: {},
      body: '{{ body.nick }}: {{ body.command }} {{ body.args[0] }} is on its way',
    },
  });
  await eventually(
    'the answer',
    async () => lines.find((line) => line === 'PRIVMSG #ops :ann: deploy web is on its way') ?? null,
  );
  const shown = await hub.call('GET', `/api/v1/source/${id}`);
  assert.equal(typeof shown.json.input.channelKeys, 'string');
  const { source, body } = await eventOf(hub, 'irc.message');
  assert.deepEqual([source, body.nick, body.args], [id, 'ann', ['web']]);
});
