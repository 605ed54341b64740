import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, ORGANIZATION } from '../../test/support/engine-rig.ts';
import { ALL_SHARDS, ScriptedCluster } from '../../test/support/scripted-cluster.ts';
import type { Application } from '../core/catalog/resources.ts';
import type { ApplicationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Acceptance, OutboxEntry } from '../ports/intake.ts';
import type { Storage } from '../ports/storage.ts';

const SECOND = 1_000;
const bytes = (text: string) => new TextEncoder().encode(text);

/** An outbox in memory, in front of a real store. */
class Left {
  readonly entries: OutboxEntry[] = [];
  readonly pages: number[] = [];
  readonly dropped: number[] = [];
  /** What accepting fails with, or answers by another node's doing. */
  refuse: (acceptance: Acceptance) => 'taken-out' | null = () => null;
  #no = 0;

  leave(rig: EngineRig, app: { readonly id: string }, more: Partial<OutboxEntry> = {}): OutboxEntry {
    const entry: OutboxEntry = {
      no: ++this.#no,
      organization: ORGANIZATION,
      applicationId: app.id as ApplicationId,
      id: rig.newId<'event'>(),
      type: 'order.paid',
      eventId: null,
      channels: null,
      tags: null,
      orderingKey: null,
      content: bytes(`${this.#no}`),
      ...more,
    };
    this.entries.push(entry);
    return entry;
  }

  storage(inner: Storage): Storage {
    const takeOut = (no: number | null) => {
      const at = this.entries.findIndex((entry) => entry.no === no);
      if (at >= 0) this.entries.splice(at, 1);
    };
    return {
      ...inner,
      intake: {
        accept: async (acceptance) => {
          const refused = this.refuse(acceptance);
          if (refused !== null) takeOut(acceptance.outboxNo);
          if (refused !== null) return { kind: refused };
          const result = await inner.intake.accept(acceptance);
          if (result.kind === 'accepted') takeOut(acceptance.outboxNo);
          return result;
        },
        takeOutbox: async (limit) => {
          this.pages.push(limit);
          return this.entries.slice(0, limit);
        },
        dropOutbox: async (no) => {
          this.dropped.push(no);
          takeOut(no);
        },
      },
    };
  }
}

async function start(t: { after(fn: () => Promise<void>): void }, shards = ALL_SHARDS) {
  const cluster = new ScriptedCluster();
  const node = cluster.node(shards);
  const left = new Left();
  const wrapStorage = (inner: Storage) => cluster.storage(left.storage(inner), node);
  const rig = await EngineRig.start({ wrapStorage });
  t.after(() => rig.close());
  const app: Application = await rig.addApplication({ uid: 'shop' });
  const filled = () => node.member!.outboxFilled();
  return { rig, node, left, app, filled };
}

test('what other programs left is published in its order, under the ids they were told', async (t) => {
  const { rig, left, app, filled } = await start(t);
  const destination = await rig.addDestination(app, { ordering: { scope: 'endpoint', onFailure: 'block' } });
  const entries = Array.from({ length: 600 }, () =>
    left.leave(rig, app, { tags: ['left'], orderingKey: 'k' }),
  );
  filled();
  await rig.clock.advance(10 * SECOND);
  assert.deepEqual(
    rig.bodiesTo(destination),
    entries.map(({ no }) => `${no}`),
  );
  assert.deepEqual(left.entries, []);
  const scope = { organization: ORGANIZATION, applicationId: entries[0]!.applicationId };
  const stored = await rig.storage.history.findEvent(scope, { id: entries[0]!.id }, { withContent: true });
  assert.deepEqual([stored?.event.tags, stored?.event.orderingKey], [['left'], 'k']);
  assert.equal(Buffer.from(stored!.content!).toString(), '1');
});

test('what was left while nobody looked is published when shard 0 is taken up', async (t) => {
  const { rig, node, left, app } = await start(t, new Set());
  left.leave(rig, app);
  node.member!.outboxFilled();
  await rig.clock.advance(SECOND);
  assert.deepEqual(left.pages, []);
  node.gain(new Set([0]));
  await rig.clock.advance(SECOND);
  assert.deepEqual(left.entries, []);
});

test('what can never be published is taken out, and the log says why', async (t) => {
  const { rig, left, app, filled } = await start(t);
  const destination = await rig.addDestination(app);
  await rig.publish(app, '"first"', { eventId: 'once' });
  left.leave(rig, { id: rig.newId() });
  left.leave(rig, app, { eventId: 'once' });
  left.leave(rig, app);
  filled();
  await rig.clock.advance(SECOND);
  assert.deepEqual(left.dropped.toSorted(), [1, 2]);
  assert.deepEqual(rig.bodiesTo(destination), ['"first"', '3']);
  const reasons = rig.lines.filter(({ event }) => event === 'outbox.dropped');
  assert.equal(reasons.length, 2);
});

test('an entry that another node took out is no trouble', async (t) => {
  const { rig, left, app, filled } = await start(t);
  left.leave(rig, app);
  left.refuse = () => 'taken-out';
  filled();
  await rig.clock.advance(SECOND);
  assert.deepEqual(left.dropped, []);
  assert.equal(rig.lines.filter(({ level }) => level !== 'info').length, 0);
});

test('while the store takes nothing the entries stay, and are published when it does', async (t) => {
  const { rig, left, app, filled } = await start(t);
  const destination = await rig.addDestination(app);
  for (let i = 0; i < 3; i++) left.leave(rig, app);
  let isDown = true;
  left.refuse = () => {
    if (isDown) throw new Problem('unavailable', 'The store is away.');
    return null;
  };
  filled();
  await rig.clock.advance(5 * SECOND);
  assert.equal(left.entries.length, 3);
  assert.ok(left.pages.length <= 10, `${left.pages.length} looks in 5 s`);
  isDown = false;
  await rig.clock.advance(2 * SECOND);
  assert.deepEqual(rig.bodiesTo(destination).toSorted(), ['1', '2', '3']);
  assert.deepEqual(left.entries, []);
});

test('a store without an outbox is never asked for one', async (t) => {
  const left = new Left();
  const rig = await EngineRig.start({ wrapStorage: (inner) => left.storage(inner) });
  t.after(() => rig.close());
  await rig.clock.advance(SECOND);
  assert.deepEqual(left.pages, []);
});
