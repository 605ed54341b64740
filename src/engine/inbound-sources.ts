/**
 * Runs the sources that go and fetch or listen, each on the one node that holds its shard, and notices those that have
 * gone quiet. Every two seconds: read which there are, start, stop, restart what changed.
 */
import { shardOf } from '../core/shard.ts';
import type { InboundKind, RunningInbound } from '../ports/inbound.ts';
import type { EngineParts } from './engine.ts';
import type { HeldShards } from './held-shards.ts';
import type { InboundHosts } from './inbound-hosts.ts';
import { SourceRun } from './source-run.ts';
import type { SourceOf, SourceStates } from './source-states.ts';

const ROUND_MS = 2_000;
const PAGE = 250;
/** How long a way in may hold up the shard that goes to another node. */
const STOP_MS_MAX = 2_000;

interface Running {
  readonly version: number;
  readonly run: SourceRun;
  readonly way: RunningInbound | null;
}

export interface InboundSourcesOptions {
  readonly held: HeldShards;
  readonly hosts: InboundHosts;
  readonly states: SourceStates;
  /** When the source's newest event since that instant was taken, by any node; null = there is none. */
  readonly lastEventAt: (of: SourceOf, since: number) => Promise<number | null>;
}

export class InboundSources {
  readonly #parts: EngineParts;
  readonly #options: InboundSourcesOptions;
  readonly #kinds: ReadonlyMap<string, InboundKind>;
  readonly #running = new Map<string, Running>();
  #round: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #stopped = true;
  #isLooking = false;
  #isAwake = false;

  constructor(parts: EngineParts, options: InboundSourcesOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#kinds = new Map(parts.inboundKinds.map((kind) => [kind.kind, kind]));
  }

  start(): void {
    // Without ways in there is nobody to run them for.
    if (this.#kinds.size === 0) return;
    this.#stopped = false;
    this.#next(0);
  }

  /** Something has changed: look now instead of at the next round. */
  wake(): void {
    this.#isAwake = true;
    if (!this.#isLooking) this.#next(0);
  }

  /** Resolves when nothing of these shards brings anything here any more; what is being taken is taken. */
  async giveUp(shards: ReadonlySet<number>): Promise<void> {
    const theirs = [...this.#running].filter(([id]) => shards.has(shardOf(id)));
    const late = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(STOP_MS_MAX, late.resolve);
    // Deliveries wait for the shard, too: one that hangs may go on hanging, and brings nothing more.
    await Promise.race([late.promise, Promise.all(theirs.map(([id]) => this.#end(id)))]);
    cancel();
    for (const [, { run }] of theirs) run.end();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#round;
    await Promise.all([...this.#running.keys()].map((id) => this.#end(id)));
  }

  #next(afterMs: number): void {
    if (this.#stopped) return;
    this.#cancel();
    this.#cancel = this.#parts.clock.after(afterMs, () => {
      this.#round = this.#lookOnce().finally(() => this.#next(this.#isAwake ? 0 : ROUND_MS));
    });
  }

  async #lookOnce(): Promise<void> {
    this.#isAwake = false;
    this.#isLooking = true;
    try {
      await this.#look();
    } catch (cause) {
      this.#parts.log.warn('sources.not-read', { reason: String(cause) });
    } finally {
      this.#isLooking = false;
    }
  }

  async #look(): Promise<void> {
    await this.#options.states.writeSeen();
    const there = new Set<string>();
    for (let after: string | null = null; ; ) {
      const page: readonly SourceOf[] = await this.#parts.storage.catalog.inboundSources(after, PAGE);
      for (const of of page) {
        if (!this.#options.held.hasKey(of.source.id)) continue;
        there.add(of.source.id);
        await this.#care(of);
      }
      if (page.length < PAGE || this.#stopped) break;
      after = page.at(-1)!.source.id;
    }
    for (const id of [...this.#running.keys()]) if (!there.has(id)) await this.#end(id);
  }

  async #care(of: SourceOf): Promise<void> {
    const { id, version } = of.source;
    const known = this.#running.get(id);
    if (known !== undefined && (known.version !== version || known.run.isOver)) await this.#end(id);
    if (this.#stopped || !this.#options.held.hasKey(id)) return;
    if (!this.#running.has(id)) this.#begin(of);
    await this.#notice(of);
  }

  #begin(of: SourceOf): void {
    const { source } = of;
    const kind = this.#kinds.get(source.kind);
    const run = new SourceRun(this.#parts);
    let way: RunningInbound | null = null;
    if (kind !== undefined) {
      try {
        way = kind.run(this.#options.hosts.hostOf(of, run));
      } catch (cause) {
        this.#parts.log.error('source.not-started', cause, { sourceId: source.id, kind: source.kind });
      }
    }
    this.#running.set(source.id, { version: source.version, run, way });
  }

  async #end(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    await running.way?.stop().catch((cause: unknown) => {
      this.#parts.log.error('source.not-stopped', cause, { sourceId: id });
    });
    running.run.end();
  }

  /** Silence begins and ends; events that other nodes took count through what they wrote. */
  async #notice(of: SourceOf): Promise<void> {
    const { expectEveryMs, updatedAt } = of.source;
    if (expectEveryMs === null) return;
    const { states } = this.#options;
    const now = this.#parts.clock.now();
    const { lastEventAt, state, since } = await states.health(of);
    const isSilent = now - Math.max(lastEventAt ?? 0, updatedAt) > expectEveryMs;
    // Whatever came since ended that silence, even if another one has begun.
    const hasEnded = !isSilent || (lastEventAt ?? 0) > since;
    if (isSilent && state !== 'silent') {
      // What other nodes take they write down only now and then, or never when they die.
      const heardAt = await this.#options.lastEventAt(of, now - expectEveryMs);
      if (heardAt !== null) return states.saw(of, heardAt);
      await states.writeHealth(of, { state: 'silent', detail: SILENT }, 'source.silent');
      this.#parts.log.warn('source.silent', { organization: of.organization, sourceId: of.source.id });
    } else if (hasEnded && state === 'silent') {
      await states.writeHealth(of, { state: 'running', detail: null }, 'source.recovered');
      this.#parts.log.info('source.recovered', { organization: of.organization, sourceId: of.source.id });
    }
  }
}

const SILENT = 'Nothing came for longer than is normal (expectEverySeconds).';
