import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { checkSender, type DnsQuery } from './check-sender.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

const RECORDS: Record<string, string[][]> = {
  'TXT example.com': [['v=spf1 ip4:192.0.2.7 -all']],
  'TXT s1._domainkey.example.com': [[`v=DKIM1; k=rsa; p=${KEY}`]],
  'TXT _dmarc.example.com': [['v=DMARC1; p=reject']],
};
const dns: DnsQuery = async (name, type) => {
  const found = RECORDS[`${type} ${name.toLowerCase()}`];
  if (found) return found;
  throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
};
const clock = {
  now: () => Date.now(),
  after(delayMs: number, fire: () => void) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

async function signed(): Promise<Buffer> {
  const transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    dkim: {
      domainName: 'example.com',
      keySelector: 's1',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  });
  const mail = { from: 'ann@example.com', to: 'x@hub.test', subject: 'hi', text: 'hello' };
  return (await transport.sendMail(mail)).message as Buffer;
}

const check = (message: Buffer, peer: string, more: Partial<Parameters<typeof checkSender>[1]> = {}) =>
  checkSender(
    { message, peer, from: 'ann@example.com', helo: 'mail.example.com' },
    { dns, clock, name: 'mx.test', withinMs: 5_000, ...more },
  );

test('a signed message from its domain’s own host passes all three', async () => {
  assert.deepEqual(await check(await signed(), '192.0.2.7'), {
    spf: 'pass',
    spfDomain: 'example.com',
    dkim: 'pass',
    dkimDomains: ['example.com'],
    dmarc: 'pass',
    dmarcPolicy: 'reject',
  });
});

test('another host and a changed body fail, and so does DMARC', async () => {
  const forged = Buffer.from((await signed()).toString().replace('hello', 'hullo'));
  const found = await check(forged, '192.0.2.8');
  assert.equal(found.spf, 'fail');
  assert.notEqual(found.dkim, 'pass');
  assert.equal(found.dmarc, 'fail');
  assert.equal(found.dmarcPolicy, 'reject');
});

test('one signature is enough for DMARC when SPF fails, as after a forwarder', async () => {
  const found = await check(await signed(), '192.0.2.8');
  assert.deepEqual([found.spf, found.dkim, found.dmarc], ['fail', 'pass', 'pass']);
});

test('name servers that fail or never answer cost the given time at most, and are told as temperror', async () => {
  const broken: DnsQuery = async () => {
    throw Object.assign(new Error('refused'), { code: 'ESERVFAIL' });
  };
  const found = await check(await signed(), '192.0.2.7', { dns: broken });
  assert.deepEqual([found.spf, found.dkim, found.dmarc], ['temperror', 'temperror', 'temperror']);
  const began = Date.now();
  const late = await check(await signed(), '192.0.2.7', { dns: () => new Promise(() => {}), withinMs: 100 });
  assert.ok(Date.now() - began < 10_000);
  assert.deepEqual([late.spf, late.dkim, late.dmarc], ['temperror', 'temperror', 'temperror']);
});

test('a message with a hundred signatures buys no look-ups of keys', async () => {
  let keys = 0;
  const counting: DnsQuery = (name, type) => {
    if (name.includes('_domainkey')) keys += 1;
    return dns(name, type);
  };
  const line = 'DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=x; b=y\r\n';
  const message = Buffer.from(`${line.repeat(100)}From: ann@example.com\r\n\r\nx\r\n`);
  const found = await check(message, '192.0.2.7', { dns: counting });
  assert.deepEqual([found.spf, found.dkim, found.dmarc, keys], ['pass', 'permerror', 'permerror', 0]);
});

test('what is no message at all is told, not thrown', async () => {
  for (const bytes of [
    '',
    '\r\n',
    'no colon',
    ':\r\n\r\n',
    'From: a@b.c, d@e.f\r\n\r\n',
    '\0\xff'.repeat(500),
  ]) {
    const found = await check(Buffer.from(bytes, 'latin1'), '::1');
    assert.notEqual(found.dmarc, 'pass', JSON.stringify(bytes));
  }
});
