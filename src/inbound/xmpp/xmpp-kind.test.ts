/** Against Prosody; skipped with the reason where it cannot be had. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Element, client as makeClient, xml } from '@xmpp/client';
import { type Prosody, startProsody } from '../../../test/support/peers/prosody.ts';
import { type QueueRig, queueRig, storeIsAway } from '../../../test/support/queue-rig.ts';
import { startTcp } from '../../../test/support/receivers.ts';
import { certificate, TEST_CA } from '../../../test/support/tls/certificates.ts';
import { acknowledgements } from './acknowledgements.ts';
import { xmppKind } from './xmpp-kind.ts';

const ROOM = 'ops@conference.localhost';
const users = { hub: 'sesame', ann: 'ann', bob: 'bob' };

let started: Awaited<ReturnType<typeof startProsody>>;
before(async () => {
  started = await startProsody({ users });
});
after(async () => {
  if (!('missing' in started)) await started[Symbol.asyncDispose]();
});

function prosody(t: TestContext): Prosody | null {
  if (!('missing' in started)) return started;
  t.skip(started.missing);
  return null;
}

/** Somebody else on the server: says things, and notes what comes. */
async function person(t: TestContext, { port }: Prosody, name: 'ann' | 'bob', room?: string) {
  const client = makeClient({
    ...{ service: `xmpp://127.0.0.1:${port}`, domain: 'localhost', resource: 'test', timeout: 10_000 },
    ...{ username: name, password: users[name] },
  });
  const said: string[] = [];
  const receipts: (string | undefined)[] = [];
  const presences: string[] = [];
  client.reconnect.stop();
  acknowledgements(client, xml); // The library's own sometimes miscounts.
  client.on('error', () => {});
  client.on('stanza', (stanza: Element) => {
    const { from, type = 'available' } = stanza.attrs;
    if (stanza.is('presence')) presences.push(`${from} ${type}`);
    const text = stanza.getChildText('body');
    if (text && !stanza.getChild('delay')) said.push(`${from} ${text}`);
    const receipt = stanza.getChild('received', 'urn:xmpp:receipts');
    if (receipt) receipts.push(receipt.attrs.id);
  });
  await client.start();
  t.after(() => client.stop().catch(() => {}));
  // Who never asked for the roster is not told of subscriptions.
  await client.iqCaller.request(xml('iq', { type: 'get' }, xml('query', { xmlns: 'jabber:iq:roster' })));
  await client.send(xml('presence'));
  if (room) {
    await client.send(
      xml('presence', { to: `${room}/${name}` }, xml('x', { xmlns: 'http://jabber.org/protocol/muc' })),
    );
    // A room that is new is locked until its owner agrees with its settings.
    const form = xml('x', { xmlns: 'jabber:x:data', type: 'submit' });
    const query = xml('query', { xmlns: 'http://jabber.org/protocol/muc#owner' }, form);
    await client.iqCaller.request(xml('iq', { type: 'set', to: room }, query)).catch(() => {});
  }
  const say = (to: string, text: string, ...more: Element[]) =>
    client.send(
      xml(
        'message',
        { to, type: to === room ? 'groupchat' : 'chat', id: `id-${text}` },
        xml('body', {}, text),
        ...more,
      ),
    );
  return { client, said, receipts, presences, say };
}

const settingsOf = ({ port }: Prosody, more = {}) => ({
  ...{ jid: 'hub@localhost', password: 'sesame', host: 'xmpp.test', port, tls: 'none' },
  ...more,
});
const isRunning = (rig: QueueRig) => () => rig.health.at(-1)?.[0] === 'running';
const bodiesOf = (rig: QueueRig) => rig.stored.map(({ body }) => JSON.parse(Buffer.from(body).toString()));
const replying = (text: string) => (): ReturnType<QueueRig['answer']> => ({
  ...{ kind: 'accepted', eventId: 'evt_1', reply: text },
});
const RECEIPT = () => xml('request', { xmlns: 'urn:xmpp:receipts' });

test('what is said to us is taken and answered; the receipt comes after the commit', async (t) => {
  const server = prosody(t);
  if (!server) return;
  const rig = queueRig(xmppKind);
  let commit = (): void => {};
  const committed = new Promise<void>((resolve) => {
    commit = resolve;
  });
  rig.answer = async () => {
    await committed;
    return { kind: 'accepted', eventId: 'evt_1', reply: 'all <well>\u0000' };
  };
  const running = rig.start(settingsOf(server));
  await rig.until('it runs', isRunning(rig));
  const ann = await person(t, server, 'ann');
  await ann.say('hub@localhost', 'Status web', RECEIPT(), xml('thread', {}, 't-1'));
  await rig.until('it is offered', () => rig.offered.length === 1);
  await sleep(100);
  assert.deepEqual(ann.receipts, []);
  commit();
  await rig.until('it is answered', () => ann.said.length === 1);
  await running.stop();
  assert.deepEqual(ann.receipts, ['id-Status web']);
  assert.deepEqual(ann.said, ['hub@localhost/posthorn all <well>']);
  const [item] = rig.stored;
  assert.equal(item!.type, 'xmpp.message');
  assert.match(item!.dedupeKey!, /^hub@localhost .+/); // The archive's id.
  assert.deepEqual(bodiesOf(rig), [
    {
      ...{ from: 'ann@localhost/test', bare: 'ann@localhost', room: null, nick: null, text: 'Status web' },
      ...{ thread: 't-1', id: 'id-Status web', command: 'status', args: ['web'], isPrivate: true },
    },
  ]);
  assert.deepEqual(rig.asked, ['xmpp.test']);
});

test('a room is entered, without its history; what names us there is taken and answered there', async (t) => {
  const server = prosody(t);
  if (!server) return;
  const rig = queueRig(xmppKind);
  rig.answer = replying('on it');
  const settings = settingsOf(server, { rooms: [{ jid: ROOM, nick: 'hub' }] });
  const first = rig.start(settings);
  t.after(() => first.stop());
  await rig.until('it runs', isRunning(rig));
  const ann = await person(t, server, 'ann', ROOM);
  await ann.say(ROOM, 'nothing for the bot');
  await ann.say(ROOM, 'hub: deploy web');
  await rig.until('it is answered', () => ann.said.length === 3);
  await first.stop();
  await ann.say(ROOM, 'hub: nobody hears this');
  const second = rig.start(settings);
  await rig.until(
    'it is back',
    () => ann.presences.filter((one) => one === `${ROOM}/hub available`).length >= 2,
  );
  await ann.say(ROOM, 'hub: again');
  await rig.until('it is answered', () => ann.said.filter((one) => one.endsWith('on it')).length === 2);
  await second.stop();
  assert.deepEqual(
    bodiesOf(rig).map(({ room, nick, text, command }) => [room, nick, text, command]),
    [
      [ROOM, 'ann', 'hub: deploy web', 'deploy'],
      [ROOM, 'ann', 'hub: again', 'again'],
    ],
  );
});

test('a nick that is taken is another one; a room that refuses us is told', async (t) => {
  const server = prosody(t);
  if (!server) return;
  const room = 'nicks@conference.localhost';
  const ann = await person(t, server, 'ann', room);
  await whileRunning(t, server, { rooms: [{ jid: room, nick: 'ann' }] }, async (rig) => {
    await rig.until('it runs', isRunning(rig));
    await rig.until('it is there', () => ann.presences.includes(`${room}/ann_ available`));
    await ann.say(room, 'ann_: hello');
    await rig.until('it is heard', () => rig.stored.length === 1);
  });
  await whileRunning(t, server, { rooms: [{ jid: 'x@nowhere.localhost' }] }, async (rig) => {
    await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
    assert.match(rig.health.at(-1)![1]!, /^x@nowhere\.localhost: /);
  });
});

async function whileRunning(
  t: TestContext,
  server: Prosody,
  more: object,
  work: (rig: QueueRig) => Promise<void>,
) {
  const rig = queueRig(xmppKind);
  const running = rig.start(settingsOf(server, more));
  t.after(() => running.stop());
  await work(rig);
  await running.stop();
}

test('whoever is not allowed is not heard and may not subscribe', async (t) => {
  const server = prosody(t);
  if (!server) return;
  const [ann, bob] = [await person(t, server, 'ann'), await person(t, server, 'bob')];
  await whileRunning(t, server, { allow: ['ann@localhost'] }, async (rig) => {
    await rig.until('it runs', isRunning(rig));
    await bob.say('hub@localhost', 'let me in');
    for (const one of [ann, bob])
      await one.client.send(xml('presence', { to: 'hub@localhost', type: 'subscribe' }));
    await ann.say('hub@localhost', 'hello');
    await rig.until('ann is heard', () => rig.stored.length === 1);
    await rig.until('ann may', () => ann.presences.includes('hub@localhost subscribed'));
    await rig.until('bob may not', () => bob.presences.includes('hub@localhost unsubscribed'));
    assert.deepEqual(
      bodiesOf(rig).map(({ bare }) => bare),
      ['ann@localhost'],
    );
  });
});

test('a server that restarts is logged in to again, and what it kept meanwhile is taken', async (t) => {
  const server = prosody(t);
  if (!server) return;
  const rig = queueRig(xmppKind);
  let refusals = 1;
  rig.answer = () => (refusals-- > 0 ? storeIsAway() : { kind: 'accepted', eventId: 'evt_1', reply: null });
  const first = rig.start(settingsOf(server));
  await rig.until('it runs', isRunning(rig));
  await server.kill();
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  await server.start();
  await rig.until('it runs again', isRunning(rig));
  await first.stop();
  const ann = await person(t, server, 'ann');
  await ann.say('hub@localhost', 'while you were out');
  const second = rig.start(settingsOf(server));
  await rig.until('it is taken', () => rig.stored.length === 1);
  await second.stop();
  assert.equal(typeof rig.stored[0]!.meta!.delayed, 'string');
});

test('what was not stored when we stopped is kept by the server and comes again', async (t) => {
  const server = prosody(t);
  if (!server) return;
  const rig = queueRig(xmppKind);
  rig.answer = storeIsAway;
  const first = rig.start(settingsOf(server));
  await rig.until('it runs', isRunning(rig));
  const ann = await person(t, server, 'ann');
  await ann.say('hub@localhost', 'do not lose this', RECEIPT());
  await rig.until('it is offered', () => rig.offered.length > 0);
  await first.stop();
  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  const second = rig.start(settingsOf(server));
  await rig.until('it comes again', () => rig.stored.length === 1);
  await rig.until('the receipt comes', () => ann.receipts.length === 1);
  await second.stop();
  assert.equal(rig.stored[0]!.dedupeKey, rig.offered[0]!.dedupeKey);
  const third = queueRig(xmppKind);
  const last = third.start(settingsOf(server));
  await third.until('it runs', isRunning(third));
  await sleep(200);
  await last.stop();
  assert.equal(third.offered.length, 0);
});

test('a wrong password is told', async (t) => {
  const server = prosody(t);
  if (!server) return;
  await whileRunning(t, server, { password: 'wrong' }, async (rig) => {
    await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
    assert.match(rig.health.at(-1)![1]!, /The server said: .*Check `jid` and `password`/);
  });
});

test('STARTTLS and direct TLS check the domain’s certificate', async (t) => {
  const server = await startProsody({ users, tls: certificate('server') });
  if ('missing' in server) return t.skip(server.missing);
  t.after(() => server[Symbol.asyncDispose]());
  for (const [more, isGood] of [
    [{ tls: 'starttls', tlsCa: TEST_CA }, true],
    [{ tls: 'direct', tlsCa: TEST_CA, port: server.tlsPort }, true],
    [{ tls: 'starttls' }, false],
    [{ tls: 'direct', port: server.tlsPort }, false],
  ] as const)
    await whileRunning(t, server, more, async (rig) => {
      await rig.until('it is known', () => rig.health.length > 0);
      assert.equal(rig.health[0]![0], isGood ? 'running' : 'failing', JSON.stringify(rig.health));
      if (!isGood) assert.match(rig.health[0]![1]!, /certificate/);
    });
});

test('no STARTTLS, no password: a stripped offer is refused, an endless greeting too', async (t) => {
  const sent: string[] = [];
  const greeting = `<stream:stream id='1' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`;
  for (const [offer, words] of [
    [
      '<stream:features><mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>PLAIN</mechanism></mechanisms></stream:features>',
      /offers no STARTTLS/,
    ],
    ['x'.repeat(100_000), /greeting is too long/],
    ['</stream:stream>', /offers no STARTTLS/],
  ] as const) {
    const { port } = await startTcp(t, (socket) => {
      socket.once('data', () => socket.write(greeting + offer));
      socket.on('data', (chunk) => sent.push(String(chunk)));
    });
    await whileRunning(t, { port } as Prosody, { tls: 'starttls' }, async (rig) => {
      await rig.until('it is told', () => rig.health.length > 0);
      assert.match(rig.health[0]![1]!, words);
    });
  }
  assert.ok(!sent.join().includes('auth'));
});
