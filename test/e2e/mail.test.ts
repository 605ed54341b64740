import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { openSmtpListener } from '../../src/inbound/smtp/open-smtp-listener.ts';
import { smtpKind } from '../../src/inbound/smtp/smtp-kind.ts';
import { startPosthorn } from '../support/posthorn.ts';

test('a mail to a mailbox is an event of its source, once', async (t) => {
  await using posthorn = await startPosthorn({ inboundKinds: () => [smtpKind()] });
  const made = await posthorn.call('POST', '/api/v1/source', {
    body: { name: 'orders', kind: 'smtp', input: { spf: false, dkim: false, dmarc: false } },
  });
  assert.equal(made.status, 201, JSON.stringify(made));
  const source = made.json as { id: string; url: string };
  const listener = await openSmtpListener({
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    directory: posthorn.engine.mailboxes,
    dns: async () => [],
    clock: posthorn.clock,
    log: { info() {}, warn() {}, error() {} },
    name: 'mx.test',
  });
  t.after(() => listener.close());
  const token = source.url.split('/').at(-1);
  const transport = createTransport({ host: '127.0.0.1', port: listener.port, name: 'client.test' });
  const mail = {
    from: 'ann@example.com',
    to: `${token}+de@hub.test`,
    subject: 'Grüße',
    text: 'hello',
    messageId: '<m1@example.com>',
    // A mail server sends the very same bytes again.
    baseBoundary: 'boundary',
    attachments: [{ filename: 'a.txt', content: 'attached' }],
  };
  const first = await transport.sendMail(mail);
  const again = await transport.sendMail(mail);
  const [, id] = /(evt_\w+)$/.exec(first.response)!;
  assert.match(again.response, new RegExp(`${id}$`));
  const other = await transport.sendMail({ ...mail, text: 'another under the same id' });
  assert.doesNotMatch(other.response, new RegExp(`${id}$`));
  await assert.rejects(transport.sendMail({ ...mail, to: 'abcdefghijklmnopqrstuvwx@hub.test' }), /5\.1\.1/);
  transport.close();
  const { json: event } = await posthorn.call('GET', `/api/v1/event/${id}`);
  assert.equal(event.type, 'smtp.received');
  assert.equal(event.format, 'email');
  assert.equal(event.body.subject, 'Grüße');
  assert.equal(event.body.text.trim(), 'hello');
  assert.deepEqual(event.body.envelope, { from: 'ann@example.com', to: [`${token}+de@hub.test`] });
  assert.deepEqual([event.files[0].name, event.files[0].size], ['a.txt', 8]);
  assert.deepEqual([event.meta.tag, event.verified], ['de', false]);
});
