/** Ways in on two nodes that share a store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, ORGANIZATION } from '../../test/support/engine-rig.ts';
import { ALL_SHARDS, ScriptedCluster, type ScriptedNode } from '../../test/support/scripted-cluster.ts';
import { shardOf } from '../core/shard.ts';
import type { InboundHost, InboundItem, InboundKind, Taken } from '../ports/inbound.ts';
import { sourceOf } from '../storage/conformance/samples.ts';

const SECOND = 1_000;

/** Notes where it runs, and stops when it is let. */
class NotedKind implements InboundKind {
  readonly kind = 'poll';
  readonly secretMembers = [];
  readonly hosts: InboundHost[] = [];
  running = 0;
  letStop: Promise<void> = Promise.resolve();

  check(): void {}

  run(host: InboundHost) {
    this.hosts.push(host);
    this.running++;
    return {
      stop: async () => {
        await this.letStop;
        this.running--;
      },
    };
  }
}

function item(n: number): InboundItem {
  return {
    ...{ type: 'a.b', dedupeKey: `${n}`, orderingKey: null, method: 'POST', contentType: 'text/plain' },
    ...{ headers: [], body: Buffer.from(`${n}`), peer: null, meta: null },
  };
}

/** A source that the first of two nodes runs. */
async function startPair(t: { after(fn: () => Promise<void>): void }) {
  const cluster = new ScriptedCluster();
  const nodes = [cluster.node(ALL_SHARDS), cluster.node(new Set())] as const;
  const kinds = [new NotedKind(), new NotedKind()] as const;
  const optionsOf = (n: 0 | 1) => ({
    inboundKinds: [kinds[n]],
    wrapStorage: (storage: EngineRig['storage']) => cluster.storage(storage, nodes[n]),
  });
  const one = await EngineRig.start(optionsOf(0));
  const two = await EngineRig.start({ ...optionsOf(1), beside: one });
  t.after(async () => {
    await two.close();
    await one.close();
  });
  const blank = sourceOf({ kind: 'poll' });
  const after = { ...blank, token: one.engine.vault.seal(ORGANIZATION, blank.id, 'a-token-of-tests') };
  await one.commit([{ kind: 'source', before: null, after }]);
  await one.clock.advance(3 * SECOND);
  assert.deepEqual([kinds[0].running, kinds[1].running], [1, 0]);
  return { cluster, nodes, kinds, one, two, shards: new Set([shardOf(after.id)]) };
}

/** What comes of something while time passes. */
async function soon<T>(rig: EngineRig, doing: Promise<T>): Promise<T | string> {
  const done = doing.catch((cause: Error & { code?: string }) => cause.code ?? cause.message);
  await rig.clock.advance(5 * SECOND);
  return done;
}

const kindOf = async (taken: Promise<Taken | string>): Promise<string> => {
  const known = await taken;
  return typeof known === 'string' ? known : known.kind;
};

test('a source that moves has stopped on one node before the other has it, and takes what it had in its hands', async (t) => {
  const { cluster, nodes, kinds, one, shards } = await startPair(t);
  const stopping = Promise.withResolvers<void>();
  kinds[0].letStop = stopping.promise;
  const moving = cluster.move(shards, ...(nodes as readonly [ScriptedNode, ScriptedNode]));
  await one.clock.advance(SECOND);
  assert.equal(nodes[1].holds([...shards][0]!), false);
  assert.equal(await kindOf(soon(one, kinds[0].hosts[0]!.take(item(1)))), 'accepted');
  stopping.resolve();
  await moving;
  await one.clock.advance(3 * SECOND);
  assert.deepEqual([kinds[0].running, kinds[1].running], [0, 1]);
  assert.equal(await soon(one, kinds[0].hosts[0]!.take(item(2))), 'unavailable');
  assert.equal(await kindOf(soon(one, kinds[1].hosts[0]!.take(item(2)))), 'accepted');
});

test('one that does not stop holds up its shard for seconds only, and brings nothing more', async (t) => {
  const { cluster, nodes, kinds, one, shards } = await startPair(t);
  const stopping = Promise.withResolvers<void>();
  kinds[0].letStop = stopping.promise;
  const moving = cluster.move(shards, ...nodes);
  await one.clock.advance(5 * SECOND);
  await moving;
  assert.equal(await soon(one, kinds[0].hosts[0]!.take(item(1))), 'unavailable');
  assert.equal(kinds[1].running, 1);
  stopping.resolve();
});

test('a node that does not hear of its death takes nothing and writes nothing of its sources', async (t) => {
  const { nodes, kinds, one, shards } = await startPair(t);
  const [before, after] = [kinds[0].hosts[0]!, () => kinds[1].hosts[0]!];
  nodes[0].isLeaseValid = false;
  nodes[0].die();
  nodes[1].gain(shards);
  await one.clock.advance(3 * SECOND);
  await after().writeCursor('of the second');
  assert.equal(await soon(one, before.take(item(1))), 'unavailable');
  nodes[0].hearOfDeath();
  nodes[0].isLeaseValid = true;
  assert.equal(await soon(one, before.writeCursor('of the first')), 'unavailable');
  assert.equal(await after().readCursor(), 'of the second');
  assert.equal(kinds[0].running, 0);
});

test('a node that gets its source back after its death runs it anew', async (t) => {
  const { nodes, kinds, one } = await startPair(t);
  nodes[0].hearOfDeath();
  nodes[0].gain(ALL_SHARDS);
  await one.clock.advance(3 * SECOND);
  assert.equal(kinds[0].hosts.length, 2);
  assert.equal(await soon(one, kinds[0].hosts[0]!.take(item(1))), 'unavailable');
  assert.equal(await kindOf(soon(one, kinds[0].hosts[1]!.take(item(1)))), 'accepted');
});
