/**
 * Several nodes on one store. Leases, shards, notices and the clock are the PostgreSQL driver's own; its statements are
 * answered by `sim-database.ts`, and what it makes of a queue is done by `shared-store.ts`.
 */
import { shardOf } from '../../../src/core/shard.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import type { Acceptance } from '../../../src/ports/intake.ts';
import type { Storage } from '../../../src/ports/storage.ts';
import { type ClusterOptions, openCluster } from '../../../src/storage/postgres/open-cluster.ts';
import type { FakeClock, ProcessClock } from '../../support/fake-clock.ts';
import type { SeededDice } from '../../support/seeded-dice.ts';
import type { Journal } from '../journal.ts';
import { logIn, type Place } from '../life.ts';
import type { ClusterPlan, CutOff } from '../scenario.ts';
import { memberWith } from './member-with.ts';
import { type ClusterSabotage, over } from './sabotage.ts';
import { SharedStore } from './shared-store.ts';
import { SimClient } from './sim-client.ts';
import { SimDatabase } from './sim-database.ts';

export interface SimClusterParts {
  readonly plan: ClusterPlan;
  readonly store: Storage;
  readonly clock: FakeClock;
  readonly journal: Journal;
  readonly dice: SeededDice;
  readonly sabotage: ClusterSabotage;
}

/** What a node's life has of the cluster. */
interface Life {
  readonly cluster: Cluster;
  /** The same for all nodes, but for what a message takes. */
  readonly clock: Clock;
}

interface Reach {
  client: SimClient | null;
  /** Until which nothing reaches the database. */
  awayUntil: number;
  storeAwayUntil: number;
}

export class SimCluster {
  readonly #parts: SimClusterParts;
  readonly #database: SimDatabase;
  readonly #store: SharedStore;
  readonly #reaches = new Map<number, Reach>();
  #lives = 0;

  constructor(parts: SimClusterParts) {
    const { plan, store, clock, dice, journal, sabotage } = parts;
    this.#parts = parts;
    this.#database = new SimDatabase({ journal, now: () => clock.now() });
    this.#store = new SharedStore({
      ...{ store, clock, dice, sabotage, database: this.#database, undecidedMs: plan.undecidedMs },
    });
  }

  /** Nodes that have joined and neither left nor were declared dead. */
  get members(): number {
    return this.#database.members;
  }

  /** What the next life of a node has of the store. */
  open(node: number, { clock, journal }: { clock: ProcessClock; journal: Journal }): Place {
    const reach = this.#reachOf(node);
    const life = this.#newLife(node, clock, journal);
    const world = this.#parts.clock;
    return {
      store: this.#store.forNode(life.cluster),
      clock: life.clock,
      answersFrom: ({ name, args }) =>
        name === 'intake.accept' ? this.#store.visibleAt(args[0] as Acceptance) : 0,
      isAway: () => world.now() < reach.storeAwayUntil,
      tenureOf: (id) => {
        const tenure = this.#database.tenureOf(shardOf(id));
        return tenure?.epoch === life.cluster.epoch ? tenure : null;
      },
      died: () => reach.client?.break(true),
    };
  }

  cutOff(node: number, { ms, isSilent, isStoreAway }: CutOff): void {
    const reach = this.#reachOf(node);
    const until = this.#parts.clock.now() + ms;
    this.#parts.journal.line(
      `node ${node} is cut off for ${ms} ms${isSilent ? ' silently' : ''}${isStoreAway ? ', from all' : ''}`,
    );
    reach.awayUntil = Math.max(reach.awayUntil, until);
    if (isStoreAway) reach.storeAwayUntil = Math.max(reach.storeAwayUntil, until);
    reach.client?.break(isSilent);
  }

  #reachOf(node: number): Reach {
    const known = this.#reaches.get(node) ?? { client: null, awayUntil: 0, storeAwayUntil: 0 };
    this.#reaches.set(node, known);
    return known;
  }

  #newLife(node: number, local: ProcessClock, journal: Journal): Life {
    const { plan, clock: world, dice: all, sabotage } = this.#parts;
    const dice = all.fork();
    const reach = this.#reachOf(node);
    const connections: ClusterOptions['connections'] = {
      dedicated: async () => {
        const delayMs = () => dice.between(plan.messageMs[0], plan.messageMs[1]);
        await new Promise<void>((resolve) => void local.after(delayMs(), resolve));
        if (world.now() < reach.awayUntil) throw new Error('Connection terminated');
        const losesNotices = sabotage.losesNotices === true;
        reach.client = new SimClient({ database: this.#database, clock: local, delayMs, losesNotices });
        return reach.client.asClient();
      },
      query: async <Row>(text: string, values: readonly unknown[] = []) =>
        this.#database.run({ text, values }) as readonly Row[],
    };
    const { cluster, clock } = openCluster({
      ...{ connections, clock: local, name: `node ${node}`, version: 'simulated' },
      tag: `node ${node} life ${++this.#lives}`,
      log: logIn(journal),
      uptime: () => world.now(),
      uniform: () => dice.uniform(),
    });
    const watched = over(cluster, {
      join: (member) =>
        cluster.join(
          memberWith(member, {
            gained: (shards) => {
              this.#database.beginAnew(shards, cluster.epoch);
              member.gained(shards);
            },
          }),
        ),
    });
    return { cluster: sabotage.node?.(watched) ?? watched, clock };
  }
}
