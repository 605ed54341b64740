import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParsedBody } from '../core/received/event-document.ts';
import { type Email, email } from './email-shape.ts';
import { parseCall } from './fixtures/parse-call.ts';
import { replyText } from './reply-text.ts';

const MESSAGE = [
  'Received: from a by b; Mon, 16 Jan 2012 17:00:00 +0000',
  'Received: from c by a; Mon, 16 Jan 2012 16:59:59 +0000',
  'From: =?utf-8?Q?J=C3=BCrgen?= <juergen@example.com>',
  'To: Team: one@example.com, "Two, Inc." <two+build%7@example.com>;',
  'Cc: three@example.com',
  'Reply-To: replies@example.com',
  'Subject: =?utf-8?B?R3LDvMOfZQ==?= and',
  ' more',
  'Message-ID: <m1@example.com>',
  'In-Reply-To: <m0@example.com>',
  'References: <r1@example.com>',
  ' <m0@example.com>',
  'Date: Mon, 16 Jan 2012 18:00:01 +0100',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: multipart/alternative; boundary=c',
  '',
  '--c',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=FC=DFe!',
  '',
  'On Sun, 15 Jan 2012, Ann <ann@example.com> wrote:',
  '> Are you there?',
  '--c',
  'Content-Type: text/html',
  '',
  '<p>Hello <img src="cid:pic"></p>',
  '--c--',
  '--b',
  'Content-Type: image/png; name="pic.png"',
  'Content-ID: <pic>',
  'Content-Disposition: inline',
  'Content-Transfer-Encoding: base64',
  '',
  'AAEC',
  '--b',
  'Content-Type: text/plain',
  'Content-Disposition: attachment; filename="notes.txt"',
  '',
  'a note',
  '--b--',
  '',
].join('\r\n');

const read = async (body: string, meta?: Record<string, unknown>): Promise<ParsedBody> =>
  parseCall({ type: 'message/rfc822', body, ...(meta ? { meta } : {}) });

test('a message has the one shape of an e-mail', async () => {
  const { format, value, error, files } = await read(MESSAGE);
  assert.deepEqual([format, error], ['email', null]);
  const { headers, text, ...mail } = value as Email;
  assert.deepEqual(mail, {
    from: { address: 'juergen@example.com', name: 'Jürgen' },
    to: [
      { address: 'one@example.com', name: '' },
      { address: 'two+build%7@example.com', name: 'Two, Inc.' },
    ],
    cc: [{ address: 'three@example.com', name: '' }],
    replyTo: [{ address: 'replies@example.com', name: '' }],
    subject: 'Grüße and more',
    messageId: 'm1@example.com',
    inReplyTo: 'm0@example.com',
    references: ['r1@example.com', 'm0@example.com'],
    date: '2012-01-16T17:00:01.000Z',
    html: '<p>Hello <img src="cid:pic"></p>',
    replyText: 'Grüße!',
    tag: 'build%7',
    attachments: [
      { name: 'pic.png', contentType: 'image/png', size: 3, cid: 'pic', inline: true },
      { name: 'notes.txt', contentType: 'text/plain', size: 6, cid: null, inline: false },
    ],
    spam: null,
    auth: null,
    envelope: null,
  });
  assert.match(text!, /Are you there/);
  assert.equal((headers.received as string[]).length, 2);
  assert.equal(headers.subject, 'Grüße and more');
  assert.deepEqual(
    files.map(({ field, name, bytes }) => [field, name, Buffer.from(bytes).toString('hex')]),
    [
      ['attachment_1', 'pic.png', '000102'],
      ['attachment_2', 'notes.txt', Buffer.from('a note').toString('hex')],
    ],
  );
});

test('what the way in knows is there, and what a message says of itself is not believed', async () => {
  const forged = `Authentication-Results: mx; spf=pass\r\nX-Spam-Status: No\r\n${MESSAGE}`;
  const plain = (await read(forged)).value as Email;
  assert.deepEqual([plain.auth, plain.spam, plain.envelope], [null, null, null]);
  const meta = {
    envelope: { from: 'bounce@example.com', to: ['src+t1@hub.example'] },
    auth: { spf: 'fail', dkim: null, dmarc: null },
    tag: 't1',
    uid: 7,
  };
  const known = (await read(MESSAGE, meta)).value as Email;
  assert.deepEqual([known.envelope, known.auth, known.tag], [meta.envelope, meta.auth, 't1']);
  assert.equal('uid' in known, false);
});

test('the tag is that of the real recipient, if the way in knows it', () => {
  const headers = { to: 'a+list@example.com', cc: 'b+c@example.com' };
  assert.equal(email({ headers }).tag, 'list');
  assert.equal(email({ headers, envelope: { from: null, to: ['x@in.example', 'a+b@in.example'] } }).tag, 'b');
  assert.equal(email({ headers: { to: '+a@x.example, a+@x.example, plain@x.example' } }).tag, null);
});

test('a poor message is still one, and something else is not', async () => {
  const { value } = await read('Subject: x\r\nDate: yesterday-ish\r\n\r\n');
  const { subject, from, to, date, text, replyText: reply, messageId } = value as Email;
  assert.deepEqual(
    [subject, from, to, date, text, reply, messageId],
    ['x', null, [], null, null, null, null],
  );
  for (const body of ['no header at all', '{"a":1}', ': x\r\n\r\n', '\r\n\r\n']) {
    const { format, error } = await read(body);
    assert.notEqual(format, 'email');
    assert.match(error!, /message\/rfc822/);
  }
});

test('header names like those of prototypes are names', async () => {
  const { value } = await read('__proto__: a\r\n__proto__: b\r\nconstructor: c\r\nSubject: x\r\n\r\n');
  assert.deepEqual(Object.keys((value as Email).headers), ['__proto__', 'constructor', 'subject']);
  assert.equal(JSON.parse(JSON.stringify(value)).headers.constructor, 'c');
});

test('MIME that nests or repeats without end is bounded', async () => {
  const nest = Array.from(
    { length: 3_000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  );
  assert.equal((await read(`From: a@b.example\r\n${nest.join('')}`)).format, 'text');
  const headers = await read(`From: a@b.example\r\n${'x: y\r\n'.repeat(200_000)}\r\n`);
  assert.match(headers.error!, /header size/i);
  const html = await read(`From: a@b.example\r\nContent-Type: text/html\r\n\r\n${'<b>'.repeat(100_000)}`);
  assert.deepEqual([html.format, (html.value as Email).text], ['email', null]);
});

test('what a reply quotes is left out, above or below', () => {
  const cases: [string, string][] = [
    ['Yes.\n\nOn Mon, 1 Jan 2024 at 10:00, Ann\n<ann@example.com> wrote:\n\n> No?\n> Really?\n', 'Yes.'],
    ['On Monday Ann wrote:\n> one\n\nanswer one\n\n> two\n\nanswer two\n', 'answer one\n\n\nanswer two'],
    ['Ja.\r\n\r\nAm 01.01.2024 um 10:00 schrieb Ann:\r\nNein?\r\n', 'Ja.'],
    ['Yes.\n\n-----Original Message-----\nFrom: Ann\nNo?', 'Yes.'],
    ['Yes.\n\n________________________________\nFrom: Ann\nSent: Monday\n\nNo?', 'Yes.'],
    ['Yes.\n\nFrom: Ann <a@b.example>\nSent: Monday\nTo: Bob\n\nNo?', 'Yes.'],
    ['Yes.\n-- \nBob\nACME', 'Yes.'],
    ['Yes.\n\nSent from my phone', 'Yes.'],
    [
      'On the one hand, this.\nFrom: here to there it is far.',
      'On the one hand, this.\nFrom: here to there it is far.',
    ],
    ['', ''],
  ];
  for (const [text, expected] of cases) assert.equal(replyText(text), expected);
});
