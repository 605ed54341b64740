/** Against Dovecot; skipped with the reason where it cannot be had. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow, type StatusObject } from 'imapflow';
import { type Dovecot, startDovecot } from '../../../test/support/peers/dovecot.ts';
import { queueRig } from '../../../test/support/queue-rig.ts';
import { imapKind } from './imap-kind.ts';

const mail = (id: string): string => `Message-Id: <${id}@x>\r\nSubject: ${id}\r\n\r\nGrüße\r\n`;
const QUICK = { pollMs: 60_000, pauses: { firstMs: 20, longestMs: 50 } };

let started: Awaited<ReturnType<typeof startDovecot>>;
before(async () => {
  started = await startDovecot();
});
after(async () => {
  if (!('missing' in started)) await started[Symbol.asyncDispose]();
});

function dovecot(t: TestContext): Dovecot | null {
  if (!('missing' in started)) return started;
  t.skip(started.missing);
  return null;
}

async function withClient<T>({ port }: Dovecot, use: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: 'nobody', pass: 'x' },
    logger: false,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.logout();
  }
}

/** One mailbox for each test. */
async function start(t: TestContext, server: Dovecot, mailbox: string) {
  await withClient(server, (client) => client.mailboxCreate(mailbox));
  const rig = queueRig((parts) => imapKind(parts, QUICK));
  const running: { stop(): Promise<void> }[] = [];
  t.after(async () => {
    for (const one of running) await one.stop();
  });
  return {
    rig,
    deliver: (id: string) => withClient(server, (client) => client.append(mailbox, mail(id))),
    run(changes: object = {}) {
      const { port } = server;
      const one = rig.start({
        host: 'mail.test',
        port,
        tls: 'none',
        user: 'nobody',
        password: 'x',
        mailbox,
        ...changes,
      });
      running.push(one);
      return one;
    },
    isRunning: () => rig.health.at(-1)?.[0] === 'running',
    ids: () => rig.stored.map(({ headers }) => headers[1]![1]),
  };
}

test('a delivered message is told by IDLE and taken with its bytes', async (t) => {
  const server = dovecot(t);
  if (server === null) return;
  const { rig, deliver, run, isRunning, ids } = await start(t, server, 'idle');
  await deliver('old');
  run();
  await rig.until('it runs', isRunning);
  await deliver('new');
  await rig.until('it is taken', () => rig.stored.length === 1);
  assert.deepEqual(ids(), ['new']);
  assert.equal(Buffer.from(rig.stored[0]!.body).toString(), mail('new'));
});

test('taken messages are seen, moved or deleted there', async (t) => {
  const server = dovecot(t);
  if (server === null) return;
  const counts = async (mailbox: string) => {
    const query = { messages: true, unseen: true };
    return (await withClient(server, (client) => client.status(mailbox, query))) as StatusObject;
  };
  for (const changes of [
    { afterwards: 'seen' },
    { afterwards: 'move', moveTo: 'done' },
    { afterwards: 'delete' },
  ]) {
    const { rig, deliver, run } = await start(t, server, changes.afterwards);
    await deliver('a');
    await deliver('b');
    const running = run({ start: 'all', ...changes });
    await rig.until('both are taken and it is well', () => rig.stored.length === 2 && rig.health.length > 0);
    await running.stop();
    const { messages, unseen } = await counts(changes.afterwards);
    assert.deepEqual([messages, unseen], changes.afterwards === 'seen' ? [2, 0] : [0, 0]);
  }
  assert.equal((await counts('done')).messages, 2);
});

test('after it was cut off it goes on, and a change of UIDVALIDITY brings nothing twice', async (t) => {
  const server = dovecot(t);
  if (server === null) return;
  const { rig, deliver, run, ids, isRunning } = await start(t, server, 'INBOX');
  await deliver('a');
  const first = run({ start: 'all' });
  await rig.until('it is taken', () => rig.stored.length === 1);
  await server.cut();
  await deliver('b');
  await rig.until('what came meanwhile is taken', () => rig.stored.length === 2 && isRunning());
  await first.stop();
  await server.cut();
  // Dovecot's UIDVALIDITY is the second of its making.
  await sleep(1_100);
  await server.forgetUids();
  await deliver('c');
  run({ start: 'all' });
  await rig.until('the new one is taken', () => rig.stored.length === 3);
  assert.deepEqual(ids(), ['a', 'b', 'c']);
  const keys = rig.stored.map(({ meta }) => meta!.uidValidity);
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[1], keys[2]);
});
