import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startImapServer } from '../../../test/support/imap-server.ts';
import { queueRig, refuse, storeIsAway } from '../../../test/support/queue-rig.ts';
import { imapKind } from './imap-kind.ts';

const mail = (id: string, text = 'hello'): string =>
  `Message-Id: <${id}@x>\r\nSubject: ${id}\r\n\r\n${text}\r\n`;
const QUICK = { pollMs: 5_000, pauses: { firstMs: 20, longestMs: 50 } };

async function start(
  t: TestContext,
  { times = QUICK, ...more }: { times?: typeof QUICK; hasIdle?: boolean } = {},
) {
  const server = await startImapServer(more);
  const rig = queueRig((parts) => imapKind(parts, times));
  const running: { stop(): Promise<void> }[] = [];
  t.after(async () => {
    for (const one of running) await one.stop();
    await server.close();
  });
  const settings = { host: 'mail.test', port: server.port, tls: 'none', user: 'ann', password: 'secret' };
  return {
    server,
    rig,
    run(changes: object = {}) {
      const one = rig.start({ ...settings, ...changes });
      running.push(one);
      return one;
    },
    isRunning: () => rig.health.at(-1)?.[0] === 'running',
    isFailing: () => rig.health.at(-1)?.[0] === 'failing',
    ids: () => rig.stored.map(({ headers }) => headers[1]![1]),
  };
}

test('only what comes after the first look is taken, as soon as the server tells of it', async (t) => {
  const { server, rig, run, isRunning, ids } = await start(t);
  server.deliver(mail('old'));
  run();
  await rig.until('it runs', isRunning);
  server.deliver(mail('new'));
  await rig.until('it is taken', () => rig.stored.length === 1);
  assert.deepEqual(ids(), ['new']);
  const [item] = rig.stored;
  assert.equal(Buffer.from(item!.body).toString(), mail('new'));
  assert.equal(item!.contentType, 'message/rfc822');
  assert.equal(item!.dedupeKey, 'imap://ann@mail.test/INBOX;UIDVALIDITY=1/;UID=2');
  const { internalDate, ...meta } = item!.meta!;
  assert.match(String(internalDate), /^\d{4}-/);
  assert.deepEqual(meta, {
    mailbox: 'INBOX',
    uid: 2,
    uidValidity: '1',
    flags: [],
    size: mail('new').length,
    truncated: false,
  });
  assert.deepEqual(rig.asked, ['mail.test']);
  assert.ok(
    server.said.some((said) => said.startsWith('EXAMINE')),
    'nothing is marked by reading',
  );
});

test('everything, or what came since a date, when asked for', async (t) => {
  const all = await start(t);
  for (const id of ['a', 'b', 'c']) all.server.deliver(mail(id), new Date('2026-01-01'));
  all.run({ start: 'all' });
  await all.rig.until('all are taken', () => all.rig.stored.length === 3);
  const some = await start(t);
  some.server.deliver(mail('before'), new Date('2026-01-30'));
  some.server.deliver(mail('since'), new Date('2026-02-02'));
  some.run({ start: '2026-02-01' });
  await some.rig.until('it is taken', () => some.rig.stored.length === 1);
  assert.deepEqual(some.ids(), ['since']);
});

test('a message is marked after it was taken: seen, moved or deleted', async (t) => {
  for (const changes of [
    { afterwards: 'seen' },
    { afterwards: 'move', moveTo: 'Done' },
    { afterwards: 'delete' },
  ]) {
    const { server, rig, run } = await start(t);
    rig.answer = (item) => {
      assert.equal(server.mails[0]?.flags.length, 0, 'not before');
      return item && { kind: 'accepted', eventId: 'evt_1', reply: null };
    };
    server.deliver(mail('a'));
    const running = run({ start: 'all', ...changes });
    const isMarked = (): boolean =>
      changes.afterwards === 'seen' ? server.mails[0]!.flags[0] === '\\Seen' : server.mails.length === 0;
    await rig.until(`it is ${changes.afterwards}`, isMarked);
    await running.stop();
    if (changes.moveTo) assert.deepEqual(server.moved, [[mail('a'), 'Done']]);
  }
});

test('while the store is away nothing is marked and the cursor stays; then it is taken, once', async (t) => {
  const { server, rig, run } = await start(t);
  rig.answer = storeIsAway;
  server.deliver(mail('a'));
  const first = run({ start: 'all', afterwards: 'delete' });
  await rig.until('it is offered', () => rig.offered.length > 0);
  await first.stop();
  assert.equal(server.mails.length, 1);
  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  run({ start: 'all', afterwards: 'delete' });
  await rig.until('it is deleted', () => server.mails.length === 0);
  assert.equal(rig.stored.length, 1);
});

test('what the source will never take is passed over, and stays in the mailbox', async (t) => {
  const { server, rig, run, ids } = await start(t);
  const accept = rig.answer;
  rig.answer = (item) => (item.headers[1]![1] === 'bad' ? refuse(true)() : accept(item));
  server.deliver(mail('bad'));
  server.deliver(mail('good'));
  run({ start: 'all', afterwards: 'delete' });
  await rig.until('the good one is gone', () => server.mails.length === 1);
  assert.deepEqual(ids(), ['good']);
  assert.equal(server.mails[0]!.text, mail('bad'));
});

test('another node goes on from the cursor', async (t) => {
  const { server, rig, run, isRunning, ids } = await start(t);
  const first = run();
  await rig.until('it runs', isRunning);
  server.deliver(mail('a'));
  await rig.until('it is taken', () => rig.stored.length === 1);
  await first.stop();
  server.deliver(mail('meanwhile'));
  run();
  await rig.until('the other is taken', () => rig.stored.length === 2);
  assert.deepEqual(ids(), ['a', 'meanwhile']);
});

test('after a change of UIDVALIDITY known messages are known by their Message-Id, and new ones are taken', async (t) => {
  const { server, rig, run, ids } = await start(t);
  for (const id of ['a', 'b']) server.deliver(mail(id));
  const first = run({ start: 'all' });
  await rig.until('both are taken', () => rig.stored.length === 2);
  await first.stop();
  server.deliver(mail('c'));
  server.renumber();
  server.deliver(mail('d'));
  run({ start: 'all' });
  await rig.until('the new ones are taken', () => rig.stored.length === 4);
  assert.deepEqual(ids(), ['a', 'b', 'c', 'd']);
  assert.equal(rig.stored[3]!.dedupeKey, 'imap://ann@mail.test/INBOX;UIDVALIDITY=2/;UID=4');
  // From then on a UID is what makes a message one of its kind.
  await rig.until('it idles', () => server.said.at(-1) === 'IDLE');
  server.deliver(mail('a'));
  await rig.until('the copy is taken', () => rig.stored.length === 5);
});

test('another mailbox in the settings is a first run', async (t) => {
  const { server, rig, run, isRunning } = await start(t);
  server.deliver(mail('a'));
  const first = run();
  await rig.until('it runs', isRunning);
  await first.stop();
  const second = run({ mailbox: 'Other', start: 'all' });
  await rig.until('it is taken', () => rig.stored.length === 1);
  await second.stop();
});

test('a message that is too long is taken by its beginning, and says so', async (t) => {
  const { server, rig, run } = await start(t);
  server.deliver(mail('long', 'x'.repeat(26 * 1024 * 1024)));
  run({ start: 'all' });
  await rig.until('it is taken', () => rig.stored.length === 1);
  assert.equal(rig.stored[0]!.body.length, 25 * 1024 * 1024);
  assert.equal(rig.stored[0]!.meta!.truncated, true);
});

test('a broken connection is made again, and what came meanwhile is taken', async (t) => {
  const { server, rig, run, isRunning, isFailing } = await start(t);
  run();
  await rig.until('it runs', isRunning);
  server.cut();
  await rig.until('it is told', isFailing);
  server.deliver(mail('a'));
  await rig.until('it is taken', () => rig.stored.length === 1);
  await rig.until('it is well', isRunning);
});

test('without IDLE, and without any word from the server, the poll finds what is new', async (t) => {
  const { server, rig, run, isRunning } = await start(t, {
    times: { ...QUICK, pollMs: 100 },
    hasIdle: false,
  });
  run();
  await rig.until('it runs', isRunning);
  server.deliver(mail('a'));
  await rig.until('it is taken', () => rig.stored.length === 1);
});

test('the server’s refusals are told in its words, without the password', async (t) => {
  const { server, rig, run, isFailing } = await start(t);
  const wrong = run({ password: 'Wr0ng!' });
  await rig.until('it fails', isFailing);
  await wrong.stop();
  assert.match(rig.health.at(-1)![1]!, /mail\.test refused the login: .*wrong name or password/);
  server.refused.add('EXAMINE');
  const closed = run();
  await rig.until('it is told', () => /not today/.test(rig.health.at(-1)![1] ?? ''));
  await closed.stop();
  assert.doesNotMatch(JSON.stringify(rig.health), /Wr0ng/);
});

test('an access token is a way to log in', async (t) => {
  const { server, rig, run, isRunning } = await start(t);
  run({ password: undefined, accessToken: 'secret' });
  await rig.until('it runs', isRunning);
  assert.ok(server.said.some((said) => said.startsWith('AUTHENTICATE XOAUTH2')));
});

test('an address that the guard refuses is never dialled', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  const rig = queueRig((parts) => imapKind(parts, QUICK), { addresses: { 'mail.test': null } });
  const running = rig.start({ host: 'mail.test', port: server.port, tls: 'none', user: 'a', password: 'b' });
  await rig.until('it is told', () => rig.health.length > 0);
  await running.stop();
  assert.match(rig.health[0]![1]!, /private/);
  assert.equal(server.said.length, 0);
});

test('it stops at once, also while it idles, and leaves no connection', async (t) => {
  const { server, rig, run, isRunning } = await start(t);
  const running = run();
  await rig.until('it runs', isRunning);
  await rig.until('it idles', () => server.said.includes('IDLE'));
  const began = Date.now();
  await running.stop();
  assert.ok(Date.now() - began < 15_000);
  await sleep(20);
  assert.equal(server.connections(), 0);
});
