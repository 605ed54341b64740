/** Against ngIRCd; skipped with the reason where it cannot be had. What it does not speak (SASL, tags) is scripted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'irc-framework';
import { type Ngircd, startNgircd } from '../../../test/support/peers/ngircd.ts';
import { type QueueRig, queueRig } from '../../../test/support/queue-rig.ts';
import { startTcp } from '../../../test/support/receivers.ts';
import { dial } from '../dial.ts';
import { ircKind } from './irc-kind.ts';
import { transportOver } from './irc-transport.ts';

let started: Awaited<ReturnType<typeof startNgircd>>;
before(async () => {
  started = await startNgircd({ password: 'sesame' });
});
after(async () => {
  if (!('missing' in started)) await started[Symbol.asyncDispose]();
});

function ngircd(t: TestContext): Ngircd | null {
  if (!('missing' in started)) return started;
  t.skip(started.missing);
  return null;
}

/** Somebody else on the server: says things, and notes what is said. */
async function person(
  t: TestContext,
  { port }: { port: number },
  nick: string,
  channels: readonly string[] = [],
) {
  const web = { resolve: async () => ({ address: '127.0.0.1' }) } as unknown as Parameters<typeof dial>[0];
  const socket = await dial(web, { host: 'test', port, tls: null }, new AbortController().signal);
  const client = new Client();
  const said: string[] = [];
  client.on('privmsg', ({ nick: who, target, message }) => said.push(`${who} ${target} ${message}`));
  client.on('notice', () => {});
  client.connect({
    ...{
      host: 'test',
      port,
      nick,
      username: nick,
      gecos: nick,
      password: 'sesame',
      account: {},
      version: '',
    },
    ...{ auto_reconnect: false, ping_interval: 30, ping_timeout: 60, sasl_disconnect_on_fail: false },
    transport: transportOver(socket),
  });
  t.after(() => socket.destroy());
  await once(client as never, 'registered');
  for (const channel of channels) {
    client.join(channel);
    await once(client as never, 'join');
  }
  return { client, said, leave: () => socket.destroy() };
}

const settingsOf = ({ port }: { port: number }, more = {}) => ({
  ...{ host: 'irc.test', port, tls: false, nick: 'hub', password: 'sesame' },
  ...more,
});
const isRunning =
  (rig: QueueRig, times = 1) =>
  () =>
    rig.health.filter(([state]) => state === 'running').length >= times;
const bodiesOf = (rig: QueueRig) => rig.stored.map(({ body }) => JSON.parse(Buffer.from(body).toString()));
const replying = (text: string) => (): ReturnType<QueueRig['answer']> => ({
  ...{ kind: 'accepted', eventId: 'evt_1', reply: text },
});

test('what is asked of us in a channel is taken, and answered there', async (t) => {
  const server = ngircd(t);
  if (!server) return;
  const rig = queueRig(ircKind);
  rig.answer = replying('done\r\nQUIT :injected\nthird');
  const running = rig.start(settingsOf(server, { channels: [{ name: '#ops' }] }));
  await rig.until('it runs', isRunning(rig));
  const ann = await person(t, server, 'ann', ['#ops']);
  ann.client.say('#ops', 'nothing for the bot');
  ann.client.say('#ops', 'hub: \u0002Deploy\u0002 web \u000304now\u000f');
  await rig.until('it is answered', () => ann.said.length === 3);
  await running.stop();
  assert.deepEqual(ann.said, ['hub #ops done', 'hub #ops QUIT :injected', 'hub #ops third']);
  const [item] = rig.stored;
  const [{ host, ...body }] = bodiesOf(rig);
  assert.equal(rig.stored.length, 1);
  assert.equal(item!.type, 'irc.message');
  assert.equal(item!.contentType, 'application/json');
  assert.equal(item!.orderingKey, '#ops');
  assert.equal(typeof host, 'string');
  assert.deepEqual(body, {
    ...{ network: body.network, channel: '#ops', nick: 'ann', user: '~ann' },
    ...{ text: 'hub: Deploy web now', command: 'deploy', args: ['web', 'now'], isPrivate: false },
  });
  assert.deepEqual(rig.asked, ['irc.test']);
});

test('a query is answered in the query; whoever is not allowed is not heard', async (t) => {
  const server = ngircd(t);
  if (!server) return;
  const rig = queueRig(ircKind);
  rig.answer = replying('yes');
  const running = rig.start(settingsOf(server, { allow: ['ann'] }));
  await rig.until('it runs', isRunning(rig));
  const [bob, ann] = [await person(t, server, 'bob'), await person(t, server, 'ann')];
  bob.client.say('hub', 'let me in');
  await sleep(50);
  ann.client.say('hub', 'Status');
  await rig.until('it is answered', () => ann.said.length === 1);
  await running.stop();
  assert.deepEqual([ann.said, bob.said], [['hub ann yes'], []]);
  assert.deepEqual(
    bodiesOf(rig).map(({ nick, channel, isPrivate }) => [nick, channel, isPrivate]),
    [['ann', null, true]],
  );
});

test('a wrong password is told in the server’s words', async (t) => {
  const server = ngircd(t);
  if (!server) return;
  const rig = queueRig(ircKind);
  const running = rig.start(settingsOf(server, { password: 'wrong' }));
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  await running.stop();
  assert.match(rig.health.at(-1)![1]!, /The server said: .*(password|denied)/i);
});

test('while the nick is taken another is used, and ours as soon as it is free', async (t) => {
  const server = ngircd(t);
  if (!server) return;
  const holder = await person(t, server, 'hub', ['#nick']);
  const ann = await person(t, server, 'ann', ['#nick']);
  const rig = queueRig(ircKind);
  rig.answer = replying('here');
  const running = rig.start(settingsOf(server, { channels: [{ name: '#nick' }] }));
  await rig.until('it runs', isRunning(rig));
  ann.client.say('#nick', 'hub_: ping');
  await rig.until('it is answered', () => ann.said.length === 1);
  const renamed = once(ann.client as never, 'nick');
  holder.leave();
  await renamed;
  ann.client.say('#nick', 'hub: ping');
  await rig.until('it is answered', () => ann.said.length === 2);
  await running.stop();
  assert.deepEqual(ann.said, ['hub_ #nick here', 'hub #nick here']);
});

test('a server that restarts is joined again; a channel that does not let us in is told', async (t) => {
  const server = ngircd(t);
  if (!server) return;
  const op = await person(t, server, 'op', ['#closed']);
  (op.client as unknown as { raw(line: string): void }).raw('MODE #closed +k secret');
  await sleep(50);
  const rig = queueRig(ircKind);
  const running = rig.start(
    settingsOf(server, {
      channels: [{ name: '#open' }, { name: '#closed' }],
      channelKeys: { '#closed': 'wrong' },
      listen: 'all',
    }),
  );
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  assert.match(rig.health.at(-1)![1]!, /#closed: .*\+k/);
  await server.kill();
  await rig.until('it is told', () => /closed the connection/.test(rig.health.at(-1)?.[1] ?? ''));
  await server.start();
  await rig.until('it runs', isRunning(rig)); // The restarted server knows no key.
  const ann = await person(t, server, 'ann', ['#open']);
  ann.client.say('#open', 'back again');
  await rig.until('it is heard', () => rig.stored.length === 1);
  await running.stop();
});

/** A server of a few lines, for what ngIRCd does not speak. */
async function scripted(t: TestContext, answer: (line: string, say: (line: string) => void) => void) {
  const lines: string[] = [];
  const { port } = await startTcp(t, (socket) => {
    let unread = '';
    socket.on('data', (chunk) => {
      unread += chunk;
      for (let end = unread.indexOf('\r\n'); end >= 0; end = unread.indexOf('\r\n')) {
        const line = unread.slice(0, end);
        unread = unread.slice(end + 2);
        lines.push(line);
        answer(line, (told) => socket.write(`${told}\r\n`));
      }
    });
  });
  return { port, lines };
}

test('SASL proves the account before anything else, and msgid makes what comes twice harmless', async (t) => {
  const server = await scripted(t, (line, say) => {
    if (line.startsWith('CAP LS')) say(':s CAP * LS :sasl=PLAIN message-tags');
    if (line.startsWith('CAP REQ')) say(`:s CAP * ACK :${line.slice('CAP REQ :'.length)}`);
    if (line === 'AUTHENTICATE PLAIN') say('AUTHENTICATE +');
    else if (line.startsWith('AUTHENTICATE ')) {
      const isRight = line.endsWith(Buffer.from('bot\0bot\0pass').toString('base64'));
      say(
        isRight ? ':s 900 hub hub!u@h bot :You are now logged in' : ':s 904 hub :SASL authentication failed',
      );
      if (isRight) say(':s 903 hub :done');
    }
    if (line === 'CAP END') {
      say(':s 001 hub :Welcome');
      say('@msgid=abc;account=ann :ann!u@h PRIVMSG hub :status');
    }
    if (line.startsWith('QUIT')) say('ERROR :bye');
  });
  const rig = queueRig(ircKind);
  const settings = settingsOf(server, {
    login: 'sasl',
    account: 'bot',
    password: 'pass',
    allow: ['account:ann'],
  });
  const running = rig.start(settings);
  await rig.until('it is heard', () => rig.stored.length === 1);
  await running.stop();
  assert.equal(rig.stored[0]!.dedupeKey, 'irc.test abc');
  assert.ok(!server.lines.some((line) => line.startsWith('PASS')));

  const other = queueRig(ircKind);
  const refused = other.start({ ...settings, password: 'wrong' });
  await other.until('it is told', () => other.health.at(-1)?.[0] === 'failing');
  await refused.stop();
  assert.match(other.health.at(-1)![1]!, /refuses the account: SASL authentication failed/);
});

test('NickServ is told who we are, and the server is not', async (t) => {
  const server = await scripted(t, (line, say) => {
    if (line.startsWith('USER')) say(':s 001 hub :Welcome');
  });
  const rig = queueRig(ircKind);
  const running = rig.start(settingsOf(server, { login: 'nickserv', account: 'posthorn' }));
  await rig.until('it runs', isRunning(rig));
  await running.stop();
  assert.ok(server.lines.includes('PRIVMSG NickServ :IDENTIFY posthorn sesame'));
  assert.ok(!server.lines.some((line) => line.startsWith('PASS')));
});

test('a server without SASL does not get by, and an endless line ends the connection', async (t) => {
  const without = await scripted(t, (line, say) => {
    if (line.startsWith('CAP LS')) say(':s CAP * LS :');
    if (line.startsWith('USER')) say(':s 001 hub :Welcome');
  });
  const endless = await scripted(t, (line, say) => {
    if (line.startsWith('USER')) say('x'.repeat(20_000));
  });
  for (const [server, words] of [
    [without, /offers no SASL/],
    [endless, /line of more than|closed the connection/],
  ] as const) {
    const rig = queueRig(ircKind);
    const running = rig.start(settingsOf(server, { login: 'sasl' }));
    await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
    await running.stop();
    assert.match(rig.health.at(-1)![1]!, words);
  }
});
