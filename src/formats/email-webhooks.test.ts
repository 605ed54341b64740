import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParsedBody } from '../core/received/event-document.ts';
import type { Email } from './email-shape.ts';
import { type Call, parseCall, partsOf } from './fixtures/parse-call.ts';

const read = async (call: Call): Promise<ParsedBody & { mail: Email }> => {
  const parsed = await parseCall(call);
  return { ...parsed, mail: parsed.value as Email };
};
const field = (name: string, value: string): string =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (name: string, fileName: string, value: string): string =>
  `Content-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: text/plain\r\n\r\n${value}`;
const FROM = { address: 'ann@example.com', name: 'Ann' };
const MULTIPART = 'multipart/form-data; boundary=X';

/** What each provider is given below, so that they can be compared. */
function assertTheMail({ format, error, files, mail }: ParsedBody & { mail: Email }, provider: string): void {
  assert.deepEqual([format, error], ['email', null], provider);
  assert.deepEqual(
    [mail.from, mail.to.map(({ address }) => address), mail.subject, mail.messageId, mail.date],
    [FROM, ['bot+t1@in.example'], 'Hi', 'm1@example.com', '2012-01-16T17:00:01.000Z'],
    provider,
  );
  assert.deepEqual(
    [mail.text?.trim(), mail.html?.trim(), mail.replyText],
    ['Yes.', '<p>Yes.</p>', 'Yes.'],
    provider,
  );
  assert.equal(mail.tag, 't1', provider);
  assert.deepEqual(mail.attachments, [
    { name: 'a.txt', contentType: 'text/plain', size: 2, cid: null, inline: false },
  ]);
  assert.deepEqual(
    files.map(({ field: name, name: shown, bytes }) => [name, shown, Buffer.from(bytes).toString()]),
    [['attachment_1', 'a.txt', 'hi']],
    provider,
  );
}

test('Postmark', async () => {
  const body = {
    FromFull: { Email: 'ann@example.com', Name: 'Ann', MailboxHash: '' },
    ToFull: [{ Email: 'bot+t1@in.example', Name: '', MailboxHash: 't1' }],
    CcFull: [],
    OriginalRecipient: 'bot+t1@in.example',
    Subject: 'Hi',
    MessageID: '22c74902-a0c1-4511-804f2-341342852c90',
    MailboxHash: 't1',
    Date: 'Mon, 16 Jan 2012 17:00:01 +0000',
    TextBody: 'Yes.',
    HtmlBody: '<p>Yes.</p>',
    StrippedTextReply: '',
    Headers: [
      { Name: 'Message-ID', Value: '<m1@example.com>' },
      { Name: 'X-Spam-Status', Value: 'Yes' },
      { Name: 'X-Spam-Score', Value: '5.1' },
      { Name: 'Received-SPF', Value: 'Pass (sender SPF authorized)' },
    ],
    Attachments: [
      { Name: 'a.txt', Content: 'aGk=', ContentType: 'text/plain', ContentLength: 2, ContentID: '' },
    ],
  };
  const call = { type: 'application/json', payloadFrom: 'email:postmark' };
  const parsed = await read({ ...call, body: JSON.stringify(body) });
  assertTheMail(parsed, 'postmark');
  assert.deepEqual(parsed.mail.spam, { score: 5.1, flag: true });
  assert.deepEqual(parsed.mail.auth, { spf: 'pass', dkim: null, dmarc: null });
  assert.deepEqual(parsed.mail.envelope, { from: null, to: ['bot+t1@in.example'] });
  assert.equal((await read({ ...call, body: '{"RecordType":"Bounce"}' })).format, 'json');
});

const RAW = [
  'From: Ann <ann@example.com>',
  'To: bot+t1@in.example',
  'Subject: Hi',
  'Message-ID: <m1@example.com>',
  'Date: Mon, 16 Jan 2012 17:00:01 +0000',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b\r\nContent-Type: multipart/alternative; boundary=c\r\n',
  '--c\r\nContent-Type: text/plain\r\n\r\nYes.',
  '--c\r\nContent-Type: text/html\r\n\r\n<p>Yes.</p>',
  '--c--',
  '--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nhi',
  '--b--',
].join('\r\n');

test('SendGrid Inbound Parse, parsed and raw', async () => {
  const known = [
    field('dkim', '{@example.com : pass}'),
    field('SPF', 'pass'),
    field('spam_score', '0.1'),
    field('envelope', '{"to":["bot+t1@in.example"],"from":"bounce@example.com"}'),
  ];
  const parts = [
    field(
      'headers',
      'Message-ID: <m1@example.com>\nDate: Mon, 16 Jan 2012\n 17:00:01 +0000\nReceived: a\nReceived: b\n',
    ),
    field('from', 'Ann <ann@example.com>'),
    field('to', 'bot+t1@in.example'),
    field('subject', 'Hi'),
    field('text', 'Yes.'),
    field('html', '<p>Yes.</p>'),
    field('attachment-info', '{"attachment1":{"filename":"a.txt","name":"a.txt","type":"text/plain"}}'),
    field('charsets', '{"to":"UTF-8","text":"iso-8859-1"}'),
    file('attachment1', 'a.txt', 'hi'),
  ];
  for (const body of [partsOf(...known, ...parts), partsOf(...known, field('email', RAW))]) {
    const parsed = await read({ type: MULTIPART, body, payloadFrom: 'email:sendgrid' });
    assertTheMail(parsed, 'sendgrid');
    assert.deepEqual(parsed.mail.auth, { spf: 'pass', dkim: 'pass', dmarc: null });
    assert.deepEqual(parsed.mail.spam, { score: 0.1, flag: null });
    assert.deepEqual(parsed.mail.envelope, { from: 'bounce@example.com', to: ['bot+t1@in.example'] });
  }
});

test('Mailgun routes, as a form, as multipart and raw', async () => {
  const fields: [string, string][] = [
    ['recipient', 'bot+t1@in.example'],
    ['sender', 'bounce@example.com'],
    ['from', 'Ann <ann@example.com>'],
    ['subject', 'Hi'],
    ['body-plain', 'Yes.'],
    ['stripped-text', 'Yes.'],
    ['body-html', '<p>Yes.</p>'],
    [
      'message-headers',
      '[["Message-Id","<m1@example.com>"],["Date","Mon, 16 Jan 2012 17:00:01 +0000"],["X-Mailgun-Sflag","No"],["X-Mailgun-Spf","Pass"]]',
    ],
  ];
  const parts = fields.map(([name, value]) => field(name, value));
  const call = { type: MULTIPART, payloadFrom: 'email:mailgun' };
  const parsed = await read({ ...call, body: partsOf(...parts, file('attachment-1', 'a.txt', 'hi')) });
  assertTheMail(parsed, 'mailgun');
  assert.deepEqual([parsed.mail.spam, parsed.mail.auth?.spf], [{ score: null, flag: false }, 'pass']);
  assert.deepEqual(parsed.mail.envelope, { from: 'bounce@example.com', to: ['bot+t1@in.example'] });
  const form = { type: 'application/x-www-form-urlencoded', payloadFrom: 'email:mailgun' };
  const plain = await read({ ...form, body: new URLSearchParams(fields).toString() });
  assert.deepEqual([plain.format, plain.mail.subject, plain.mail.attachments], ['email', 'Hi', []]);
  const raw = new URLSearchParams([...fields.slice(0, 2), ['body-mime', RAW]]).toString();
  assertTheMail(await read({ ...form, body: raw }), 'mailgun raw');
});

test('CloudMailin', async () => {
  const body = {
    headers: {
      from: 'Ann <ann@example.com>',
      to: 'bot+t1@in.example',
      subject: 'Hi',
      message_id: '<m1@example.com>',
      date: 'Mon, 16 Jan 2012 17:00:01 +0000',
      received: ['a', 'b'],
    },
    envelope: {
      to: 'bot+t1@in.example',
      recipients: ['bot+t1@in.example'],
      from: 'bounce@example.com',
      spf: { result: 'softfail' },
    },
    plain: 'Yes.',
    html: '<p>Yes.</p>',
    reply_plain: 'Yes.',
    attachments: [
      {
        content: 'aGk=',
        file_name: 'a.txt',
        content_type: 'text/plain',
        size: '2',
        disposition: 'attachment',
      },
    ],
  };
  const parsed = await read({
    type: 'application/json',
    payloadFrom: 'email:cloudmailin',
    body: JSON.stringify(body),
  });
  assertTheMail(parsed, 'cloudmailin');
  assert.deepEqual([parsed.mail.auth?.spf, parsed.mail.headers.received], ['softfail', ['a', 'b']]);
});

test('Mandrill, one message or several', async () => {
  const event = {
    event: 'inbound',
    ts: 1,
    msg: {
      headers: {
        'Message-Id': '<m1@example.com>',
        Date: 'Mon, 16 Jan 2012 17:00:01 +0000',
        Received: ['a', 'b'],
      },
      from_email: 'ann@example.com',
      from_name: 'Ann',
      to: [['bot+t1@in.example', null]],
      email: 'bot+t1@in.example',
      subject: 'Hi',
      text: 'Yes.',
      html: '<p>Yes.</p>',
      attachments: { 'a.txt': { name: 'a.txt', type: 'text/plain', content: 'hi', base64: false } },
      spam_report: { score: 1.5 },
      spf: { result: 'pass' },
      dkim: { signed: true, valid: false },
    },
  };
  const call = { type: 'application/x-www-form-urlencoded', payloadFrom: 'email:mandrill' };
  const bodyOf = (events: unknown[]): string =>
    new URLSearchParams({ mandrill_events: JSON.stringify(events) }).toString();
  const parsed = await read({ ...call, body: bodyOf([event]) });
  assertTheMail(parsed, 'mandrill');
  assert.deepEqual(parsed.mail.auth, { spf: 'pass', dkim: 'fail', dmarc: null });
  assert.deepEqual(parsed.mail.spam, { score: 1.5, flag: null });
  const two = await read({ ...call, body: bodyOf([event, event]) });
  assert.deepEqual([(two.value as Email[]).length, two.files.length], [2, 2]);
  assert.equal((await read({ ...call, body: bodyOf([]) })).format, 'form');
  assert.equal((await read({ ...call, body: bodyOf([{ event: 'send', msg: {} }]) })).format, 'form');
});

test('what is no mail of that provider stays what it is, whatever is in it', async () => {
  for (const provider of ['postmark', 'sendgrid', 'mailgun', 'cloudmailin', 'mandrill'])
    for (const body of [
      '{}',
      '[]',
      '"x"',
      'a=1',
      '',
      '{"FromFull":{},"headers":{},"envelope":{},"Attachments":[null,{"Content":5}]}',
    ])
      await parseCall({ body, payloadFrom: `email:${provider}` });
  const { format, error } = await read({ body: '{"a":1}', payloadFrom: 'email:pigeon' });
  assert.equal(format, 'json');
  assert.match(error!, /pigeon/);
});
