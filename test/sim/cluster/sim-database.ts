/**
 * What the database has of the membership: the tables node, shard and allowance, the catalogs that changed, and who
 * listens. It answers the statements of the PostgreSQL driver's membership as functions/membership.ts does; its word on
 * who holds a shard is the truth that the checks go by.
 */
import type { ShardState } from '../../../src/core/cluster/assign-shards.ts';
import { LEASE_MS } from '../../../src/core/cluster/lease.ts';
import type { OrganizationId } from '../../../src/core/ids.ts';
import { SHARDS } from '../../../src/core/shard.ts';
import type { Tenure } from '../facts.ts';
import type { Journal } from '../journal.ts';

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

interface Node {
  readonly tag: string;
  expiresAt: number;
}
interface Bucket {
  tokens: number;
  at: number;
}
interface Shard {
  holder: number;
  taker: number;
}

export class SimDatabase {
  /** Hear every notice. */
  readonly listeners = new Set<(payload: string) => void>();
  readonly #journal: Journal;
  readonly #now: () => number;
  readonly #nodes = new Map<number, Node>();
  readonly #shards: readonly Shard[] = Array.from({ length: SHARDS }, () => ({ holder: 0, taker: 0 }));
  /** By shard. */
  readonly #tenures = new Map<number, Tenure>();
  readonly #changedCatalogs: { readonly organization: OrganizationId; readonly version: number }[] = [];
  readonly #buckets = new Map<string, Bucket>();
  #lastEpoch = 0;

  constructor({ journal, now }: { journal: Journal; now: () => number }) {
    this.#journal = journal;
    this.#now = now;
  }

  get members(): number {
    return this.#nodes.size;
  }

  isMember(epoch: number): boolean {
    return this.#nodes.has(epoch);
  }

  /** null = nobody living holds it. */
  tenureOf(shard: number): Tenure | null {
    return this.#tenures.get(shard) ?? null;
  }

  notify(payload: string): readonly unknown[] {
    for (const hear of [...this.listeners]) hear(payload);
    return [];
  }

  catalogChanged(organization: OrganizationId, version: number): void {
    this.#changedCatalogs.push({ organization, version });
    this.notify(`c ${organization} ${version}`);
  }

  /** The holder takes up these shards, perhaps ones that it had been about to give away. */
  beginAnew(shards: ReadonlySet<number>, epoch: number): void {
    for (const shard of shards) if (this.tenureOf(shard)?.epoch === epoch) this.#noteTenure(shard, epoch);
  }

  /** One statement of the cluster, at once. */
  run({ text, values = [] }: Statement): readonly unknown[] {
    const args = values as never;
    if (text.includes('posthorn_renew')) return [this.#renew(args)];
    if (text.includes('posthorn_assign')) return [{ dead: this.#assign(args) }];
    if (text.includes('INSERT INTO node')) return [{ epoch: this.#join(values[3] as string) }];
    if (text.includes('DELETE FROM node')) return this.#leave(values[0] as number);
    if (text.includes('pg_notify')) return (values[0] as string[]).flatMap((payload) => this.notify(payload));
    if (text.includes('posthorn_take_tokens')) return [this.#takeTokens(args)];
    if (text.startsWith('LISTEN')) return [];
    if (text.includes('posthorn_channel')) return [{ channel: 'simulated' }];
    throw new Error(`The simulated database does not know: ${text}`);
  }

  #takeTokens([, application, perSecond, wanted]: TakeValues): { granted: number; wait_ms: number } {
    const now = this.#now();
    const bucket = this.#buckets.get(application) ?? { tokens: perSecond, at: now };
    const tokens = Math.min(perSecond, bucket.tokens + (perSecond * (now - bucket.at)) / 1000);
    const granted = Math.min(wanted, Math.floor(tokens));
    this.#buckets.set(application, { tokens: tokens - granted, at: now });
    const waitMs = granted === 0 ? Math.max(1, Math.ceil(((1 - tokens) * 1000) / perSecond)) : 0;
    return { granted, wait_ms: waitMs };
  }

  #join(tag: string): number {
    for (const [epoch, node] of this.#nodes) if (node.tag === tag) this.#nodes.delete(epoch);
    const epoch = ++this.#lastEpoch;
    this.#nodes.set(epoch, { tag, expiresAt: this.#now() + LEASE_MS });
    this.#journal.line(`epoch ${epoch} joins (${tag})`);
    this.#noteTenures();
    this.notify('m');
    return epoch;
  }

  #leave(epoch: number): readonly unknown[] {
    if (this.#nodes.delete(epoch)) {
      this.#journal.line(`epoch ${epoch} leaves`);
      this.#noteTenures();
      this.notify('m');
    }
    return [];
  }

  #renew([epoch, tag, leaseMs, given, known]: RenewValues): unknown {
    let isGiven = false;
    for (const no of given) {
      const shard = this.#shards[no]!;
      if (shard.holder !== epoch || shard.taker === 0) continue;
      shard.holder = shard.taker;
      shard.taker = 0;
      isGiven = true;
    }
    if (isGiven) {
      this.#noteTenures();
      this.notify('m');
    }
    const me = this.#nodes.get(epoch);
    const isMember = me !== undefined && me.tag === tag;
    if (isMember) me.expiresAt = this.#now() + leaseMs;
    const changed = known === null ? [] : this.#changedCatalogs.slice(known);
    return {
      now_ms: this.#now(),
      is_member: isMember,
      decided_below: this.#changedCatalogs.length,
      members: [...this.#nodes.keys()],
      lapsed: [...this.#nodes.keys()].filter((member) => this.#hasLapsed(member)),
      holders: this.#shards.map(({ holder }) => holder),
      takers: this.#shards.map(({ taker }) => taker),
      organizations: changed.map(({ organization }) => organization),
      versions: changed.map(({ version }) => version),
      has_outbox: false,
    };
  }

  #assign([, lapsed, numbers, wasHolder, wasTaker, holder, taker]: AssignValues): readonly number[] {
    const dead = lapsed.filter((epoch) => this.#hasLapsed(epoch) && this.#nodes.delete(epoch));
    for (const epoch of dead) this.#journal.line(`epoch ${epoch} is declared dead`);
    let isChanged = false;
    for (const [index, no] of numbers.entries()) {
      const from: ShardState = { holder: wasHolder[index]!, taker: wasTaker[index]! };
      const shard = this.#shards[no]!;
      if (shard.holder !== from.holder || shard.taker !== from.taker) continue;
      if (holder[index] !== from.holder && this.#nodes.has(shard.holder)) continue;
      shard.holder = holder[index]!;
      shard.taker = taker[index]!;
      isChanged = true;
    }
    if (isChanged || dead.length > 0) {
      this.#noteTenures();
      this.notify('m');
    }
    // It may have died between a commit and the wakes that were to follow.
    if (dead.length > 0) this.notify('a');
    return dead;
  }

  #hasLapsed(epoch: number): boolean {
    return (this.#nodes.get(epoch)?.expiresAt ?? Number.POSITIVE_INFINITY) < this.#now();
  }

  #noteTenures(): void {
    for (const [no, { holder }] of this.#shards.entries()) {
      const epoch = this.#nodes.has(holder) ? holder : 0;
      if ((this.#tenures.get(no)?.epoch ?? 0) !== epoch) this.#noteTenure(no, epoch);
    }
  }

  #noteTenure(shard: number, epoch: number): void {
    const known = this.#tenures.get(shard);
    if (known !== undefined) known.ended = this.#journal.moment();
    this.#tenures.delete(shard);
    if (epoch === 0) return;
    const tenure: Tenure = { shard, epoch, began: this.#journal.moment(), ended: null };
    this.#tenures.set(shard, tenure);
    this.#journal.facts.tenures.push(tenure);
  }
}

type TakeValues = readonly [organization: string, application: string, perSecond: number, wanted: number];
type RenewValues = readonly [
  epoch: number,
  tag: string,
  leaseMs: number,
  given: readonly number[],
  known: number | null,
];
type AssignValues = readonly [
  leaseMs: number,
  lapsed: readonly number[],
  numbers: readonly number[],
  wasHolder: readonly number[],
  wasTaker: readonly number[],
  holder: readonly number[],
  taker: readonly number[],
];
