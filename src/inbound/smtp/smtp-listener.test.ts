import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { type SmtpRigOptions, smtpRig } from '../../../test/support/smtp-rig.ts';
import { Problem } from '../../core/problem.ts';
import type { InboundItem, Taken } from '../../ports/inbound.ts';

const pem = (name: string): string =>
  readFileSync(new URL(`../../../test/support/tls/${name}.pem`, import.meta.url), 'utf8');

async function start(t: TestContext, names: readonly string[], options: SmtpRigOptions = {}) {
  const rig = await smtpRig(names, options);
  t.after(async () => {
    await rig.close();
    assert.deepEqual(rig.errors, []);
  });
  return rig;
}

async function send(port: number, mail: SendMailOptions, more = {}) {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    name: 'client.test',
    ignoreTLS: true,
    ...more,
  });
  try {
    return await transport.sendMail({ from: 'ann@example.com', subject: 'hi', text: 'hello', ...mail });
  } finally {
    transport.close();
  }
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bodyOf = (item: InboundItem): string => Buffer.from(item.body).toString();
const storeIsAway = (): never => {
  throw new Problem('unavailable', 'The store is away.');
};
const refuse = (isFinal: boolean) => (): Taken => ({ kind: 'refused', detail: 'It is disabled.', isFinal });

/** As far as DATA's 354. */
async function begin(t: TestContext, rig: Awaited<ReturnType<typeof smtpRig>>, to = 'one@hub.test') {
  const client = await rig.client();
  t.after(() => client.socket.destroy());
  assert.match(await client.say(), /^220 /);
  await client.say('EHLO rude.test');
  assert.match(await client.say('MAIL FROM:<ann@example.com>'), /^250/);
  assert.match(await client.say(`RCPT TO:<${to}>`), /^250/);
  assert.match(await client.say('DATA'), /^354/);
  return client;
}

test('a message becomes an event: its bytes, its header lines, its envelope', async (t) => {
  const rig = await start(t, ['one']);
  const info = await send(rig.port, {
    to: 'One <one+orders@hub.test>',
    subject: 'Grüße',
    text: 'line\n.\n..dots\n.end',
    messageId: '<m1@example.com>',
    attachments: [{ filename: 'a.bin', content: Buffer.from([0, 1, 2, 255]) }],
  });
  assert.match(info.response, /^250 2\.6\.0 Stored as evt_one1$/);
  const [item] = rig.box('one').stored as [InboundItem];
  assert.equal(item.contentType, 'message/rfc822');
  assert.equal(item.method, 'POST');
  assert.equal(item.peer, '127.0.0.1');
  assert.match(item.dedupeKey!, /^<m1@example\.com> /);
  assert.deepEqual(item.meta, {
    envelope: { from: 'ann@example.com', to: ['one+orders@hub.test'] },
    helo: 'client.test',
    tls: null,
    tag: 'orders',
    auth: {
      spf: 'none',
      spfDomain: 'example.com',
      dkim: 'none',
      dkimDomains: [],
      dmarc: 'none',
      dmarcPolicy: null,
    },
  });
  const names = item.headers.map(([name]) => name);
  assert.deepEqual(names.slice(0, 4), ['From', 'To', 'Subject', 'Message-ID']);
  assert.match(bodyOf(item), /\r\nline\r\n\.\r\n\.\.dots\r\n\.end\r\n/);
  assert.ok(bodyOf(item).startsWith('From: ann@example.com\r\n'));
});

test('UTF-8 in addresses and headers, and ten megabytes, come as they were sent', async (t) => {
  const rig = await start(t, ['one']);
  const content = Buffer.alloc(7 * 1024 * 1024, 'a\n.b\n');
  await send(rig.port, {
    from: 'jörg@exämple.com',
    to: 'one@hub.test',
    attachments: [{ filename: 'ß', content }],
  });
  const [item] = rig.box('one').stored as [InboundItem];
  assert.ok(item.body.length > 9 * 1024 * 1024);
  const raw = `Subject: Grüße\r\nX: ${'y'.repeat(2000)}\r\n\r\n\u00e4\n bare\r\n.\r\n`;
  await send(rig.port, { raw, envelope: { from: 'a@b.c', to: 'one@hub.test' } } as SendMailOptions);
  const second = rig.box('one').stored[1]!;
  assert.equal(second.headers[0]![1], 'Grüße');
  assert.equal(second.dedupeKey, `sha256:${sha(second.body)}`);
  assert.match(bodyOf(second), /\r\n\.\r\n$/);
});

test('STARTTLS is offered with a certificate, and used', async (t) => {
  const rig = await start(t, ['one'], { tls: { cert: pem('server.cert'), key: pem('server.key') } });
  await send(
    rig.port,
    { to: 'one@hub.test' },
    { ignoreTLS: false, requireTLS: true, tls: { rejectUnauthorized: false } },
  );
  assert.match(String(rig.box('one').stored[0]!.meta!.tls), /^TLSv1\.[23]$/);
});

test('unknown mailboxes are refused before the message, and whoever guesses on is sent away', async (t) => {
  const rig = await start(t, ['one'], { limits: { unknownMailboxesMax: 3 } });
  await assert.rejects(send(rig.port, { to: 'nobody@hub.test' }), /550 5\.1\.1/);
  const client = await rig.client();
  t.after(() => client.socket.destroy());
  await client.say();
  await client.say('EHLO x');
  await client.say('MAIL FROM:<>');
  assert.match(await client.say('DATA'), /^503/);
  assert.match(await client.say('RCPT TO:<someone@example.org>'), /^550 5\.1\.1/);
  assert.match(await client.say('RCPT TO:<b@example.org>'), /^550 5\.1\.1/);
  assert.match(await client.say('RCPT TO:<c@example.org>'), /^421/);
  assert.equal(await client.say(), '');
  assert.deepEqual(rig.box('one').stored, []);
});

test('while the store is away nothing is acknowledged, and the same message sent again is taken', async (t) => {
  const rig = await start(t, ['one']);
  const take = rig.box('one').answer;
  rig.box('one').answer = storeIsAway;
  const mail = { to: 'one@hub.test', messageId: '<again@x>' };
  await assert.rejects(send(rig.port, mail), /451 4\.3\.0/);
  rig.setAway(true);
  await assert.rejects(send(rig.port, mail), /451 4\.3\.0/);
  rig.setAway(false);
  rig.box('one').answer = take;
  await send(rig.port, mail);
  assert.deepEqual(
    rig.box('one').stored.map(({ dedupeKey }) => dedupeKey?.split(' ')[0]),
    ['<again@x>'],
  );
  rig.box('one').answer = () => ({ kind: 'duplicate', eventId: 'evt_one1' });
  assert.match((await send(rig.port, mail)).response, /^250 .*evt_one1$/);
});

test('250 is said only after the event is stored', async (t) => {
  const rig = await start(t, ['one']);
  let store = (): void => {};
  rig.box('one').answer = () =>
    new Promise((resolve) => {
      store = () => resolve({ kind: 'accepted', eventId: 'evt_late', reply: null });
    });
  const client = await begin(t, rig);
  let isAnswered = false;
  const answer = client.say('Subject: x\r\n\r\nx\r\n.').finally(() => {
    isAnswered = true;
  });
  await sleep(100);
  assert.equal(isAnswered, false);
  store();
  assert.match(await answer, /^250 .*evt_late$/);
});

test('what never answers is answered for: try again', async (t) => {
  const rig = await start(t, ['one'], { limits: { takeMs: 50 } });
  rig.box('one').answer = () => new Promise(() => {});
  await assert.rejects(send(rig.port, { to: 'one@hub.test' }), /451/);
});

test('several mailboxes: one event each; what is to be tried again wins over what is refused or stored', async (t) => {
  const rig = await start(t, ['one', 'two', 'three']);
  const to = ['one+a@hub.test', 'two@hub.test', 'one+b@hub.test', 'three@hub.test'];
  assert.match((await send(rig.port, { to })).response, /evt_one1 evt_two1 evt_three1$/);
  assert.deepEqual(rig.box('one').stored[0]!.meta!.envelope, {
    from: 'ann@example.com',
    to: ['one+a@hub.test', 'one+b@hub.test'],
  });
  rig.box('two').answer = refuse(true);
  await assert.rejects(send(rig.port, { to }), /550 5\.7\.1 It is disabled\. \(2 other mailboxes took it\)/);
  rig.box('three').answer = storeIsAway;
  await assert.rejects(send(rig.port, { to }), /451/);
  rig.box('three').answer = refuse(false);
  await assert.rejects(send(rig.port, { to }), /451 4\.3\.0 It is disabled\./);
});

test('too large is refused by what is announced, and by what really comes', async (t) => {
  const rig = await start(t, ['one', 'small'], { limits: { messageBytesMax: 10_000 } });
  rig.box('small').bodyBytesMax = 1_000;
  const client = await rig.client();
  t.after(() => client.socket.destroy());
  await client.say();
  assert.match(await client.say('EHLO x'), /SIZE 10000/);
  assert.match(await client.say('MAIL FROM:<a@b.c> SIZE=10001'), /^552/);
  await client.say('MAIL FROM:<a@b.c> SIZE=2000');
  assert.match(await client.say('RCPT TO:<small@hub.test>'), /^552 5\.3\.4/);
  await client.say('RSET');
  await client.say('MAIL FROM:<a@b.c> SIZE=10');
  await client.say('RCPT TO:<small@hub.test>');
  await client.say('DATA');
  assert.match(await client.say(`${'x'.repeat(1500)}\r\n.`), /^552 5\.3\.4/);
  await client.say('MAIL FROM:<a@b.c> SIZE=10');
  await client.say('RCPT TO:<one@hub.test>');
  await client.say('DATA');
  assert.match(await client.say(`${'x'.repeat(11_000)}\r\n.`), /^552 5\.3\.4/);
  await client.say('MAIL FROM:<a@b.c>');
  await client.say('RCPT TO:<one@hub.test>');
  await client.say('DATA');
  client.send('x'.repeat(25_000));
  assert.match(await client.say(), /^552/);
  assert.equal(await client.say(), '', 'whoever goes on is cut off');
  assert.deepEqual([...rig.box('one').stored, ...rig.box('small').stored], []);
});

test('messages that do not fit into memory together are put off', async (t) => {
  const rig = await start(t, ['one'], { limits: { heldBytesMax: 5_000 } });
  const waiting = await begin(t, rig);
  waiting.send('x'.repeat(4_000));
  await sleep(50);
  await assert.rejects(send(rig.port, { to: 'one@hub.test', text: 'y'.repeat(2_000) }), /452 4\.3\.1/);
  assert.match(await waiting.say('\r\n.'), /^250/);
  await send(rig.port, { to: 'one@hub.test', text: 'y'.repeat(2_000) });
});

test('a client that goes away within the message leaves no event', async (t) => {
  const rig = await start(t, ['one']);
  const client = await begin(t, rig);
  client.send('Subject: half\r\n\r\nhal');
  await sleep(30);
  client.socket.destroy();
  await send(rig.port, { to: 'one@hub.test', subject: 'whole' });
  assert.equal(rig.box('one').stored.length, 1);
  assert.match(bodyOf(rig.box('one').stored[0]!), /Subject: whole/);
});

test('silence, slowness, and endless commands and lines end the connection', async (t) => {
  const rig = await start(t, ['one'], {
    limits: { idleMs: 400, stageMs: 900, commandsMax: 50, commandBytesMax: 600 },
  });
  const rude = async () => {
    const client = await rig.client();
    t.after(() => client.socket.destroy());
    await client.say();
    return client;
  };
  const [silent, chatty, long, slow] = await Promise.all([rude(), rude(), rude(), begin(t, rig)]);
  chatty.send('NOOP\r\n'.repeat(1000));
  long.send('X'.repeat(2000));
  const drip = setInterval(() => slow.send('x'), 50);
  t.after(() => clearInterval(drip));
  assert.match(await silent.say(), /^421 Timeout/);
  assert.match(await long.say(), /^421/);
  assert.match(await slow.say(), /^421 4\.4\.2/);
  let replies = 0;
  for (let reply = await chatty.say(); reply !== ''; reply = await chatty.say()) replies += 1;
  assert.ok(replies <= 52, `${replies} replies`);
  assert.deepEqual(rig.box('one').stored, []);
});

test('connections are bounded, all together and of one peer', async (t) => {
  const rig = await start(t, ['one'], { limits: { connectionsPerPeerMax: 2, connectionsMax: 3 } });
  const clients = [await rig.client(), await rig.client()];
  for (const client of clients) assert.match(await client.say(), /^220/);
  const third = await rig.client();
  assert.match(await third.say(), /^421 4\.7\.0/);
  clients[0]!.socket.destroy();
  await sleep(50);
  const fourth = await rig.client();
  assert.match(await fourth.say(), /^220/);
  for (const client of [...clients, third, fourth]) client.socket.destroy();
});

test('pipelined messages are taken one after the other; nothing relays', async (t) => {
  const rig = await start(t, ['one']);
  const client = await rig.client();
  t.after(() => client.socket.destroy());
  await client.say();
  await client.say('EHLO x');
  const one = (n: number) =>
    `MAIL FROM:<a@b.c>\r\nRCPT TO:<one@hub.test>\r\nRCPT TO:<x@y.z>\r\nDATA\r\nX: ${n}\r\n\r\n..\r\n.\r\n`;
  client.send(one(1) + one(2));
  for (let n = 1; n <= 2; n++) {
    for (const code of [/^250/, /^250/, /^550/, /^354/, /^250 2\.6\.0/])
      assert.match(await client.say(), code);
  }
  assert.deepEqual(rig.box('one').stored.map(bodyOf), ['X: 1\r\n\r\n.\r\n', 'X: 2\r\n\r\n.\r\n']);
  assert.match(await client.say('VRFY root'), /^500/);
  assert.match(await client.say('AUTH PLAIN AAAA'), /^500/);
});

test('senders that are not on the list are refused before the message', async (t) => {
  const rig = await start(t, ['one']);
  rig.box('one').input = { allowedSenders: ['bob@example.org', 'example.net'] };
  await assert.rejects(send(rig.port, { to: 'one@hub.test' }), /550 5\.7\.1/);
  await assert.rejects(send(rig.port, { from: 'eve@notexample.net', to: 'one@hub.test' }), /550 5\.7\.1/);
  await send(rig.port, { from: 'Bob@Example.org', to: 'one@hub.test' });
  await send(rig.port, { from: 'any@example.net', to: 'one@hub.test' });
});

test('stopping waits for the message that is being stored, and sends the others away', async () => {
  const rig = await smtpRig(['one'], { limits: { closeMs: 2_000 } });
  let store = (): void => {};
  rig.box('one').answer = () =>
    new Promise((resolve) => {
      store = () => resolve({ kind: 'accepted', eventId: 'evt_last', reply: null });
    });
  const idle = await rig.client();
  await idle.say();
  const busy = await rig.client();
  await busy.say();
  for (const line of ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<one@hub.test>', 'DATA']) await busy.say(line);
  const answer = busy.say('x: y\r\n\r\n.');
  await sleep(50);
  const closing = rig.close();
  assert.match(await idle.say(), /^421 4\.3\.2/);
  store();
  assert.match(await answer, /^250 .*evt_last/);
  await closing;
});
