/**
 * What each source has got to and how it is. Kept in the store, so that another node can go on; when the last event
 * came is noted in memory and written now and then.
 */
import { LRUCache } from 'lru-cache';
import type { Source, SourceHealth, SourceState } from '../core/catalog/resources.ts';
import { newId, type OrganizationId } from '../core/ids.ts';
import type { SourceEventType } from '../core/operational-events.ts';
import { Problem } from '../core/problem.ts';
import type { Committer } from './committer.ts';
import type { EngineParts } from './engine.ts';
import { growingTo } from './growing-to.ts';
import type { OperationalEvents } from './operational.ts';

const NOTED_MAX = 20_000;
const WRITES_MAX = 5;
/** How often the instants of last events are written, unless one has ended a silence. */
const SEEN_WRITTEN_MS = 10_000;
const RANDOM_ID_BYTES = 15;

export interface SourceOf {
  readonly organization: OrganizationId;
  readonly source: Source;
}

type Change = (state: SourceState) => SourceState;

export class SourceStates {
  readonly #parts: EngineParts;
  readonly #committer: Committer;
  readonly #operational: OperationalEvents;
  /** When this node last took an event of a source. */
  readonly #seen = new LRUCache<string, number>(growingTo(NOTED_MAX));

  readonly #unwritten = new Map<string, SourceOf>();
  #seenWrittenAt = 0;
  #hasEndedSilence = false;

  constructor(parts: EngineParts, options: { committer: Committer; operational: OperationalEvents }) {
    this.#parts = parts;
    this.#committer = options.committer;
    this.#operational = options.operational;
  }

  /** An event was taken at this instant. */
  saw(of: SourceOf, at: number): void {
    const { id, expectEveryMs } = of.source;
    const before = this.lastSeen(id) ?? 0;
    this.#seen.set(id, Math.max(at, before));
    if (expectEveryMs === null) return;
    this.#unwritten.set(id, of);
    if (at - before > expectEveryMs) this.#hasEndedSilence = true;
  }

  /** Writes now and then when the last events came, for the node that watches for silence. */
  async writeSeen(): Promise<void> {
    const now = this.#parts.clock.now();
    if (!this.#hasEndedSilence && now - this.#seenWrittenAt < SEEN_WRITTEN_MS) return;
    this.#seenWrittenAt = now;
    this.#hasEndedSilence = false;
    const unwritten = [...this.#unwritten.values()];
    this.#unwritten.clear();
    for (const of of unwritten) await this.#write(of, (state) => this.#withSeen(state, of));
  }

  lastSeen(sourceId: string): number | null {
    return this.#seen.get(sourceId) ?? null;
  }

  async read({ organization, source }: SourceOf): Promise<SourceState | null> {
    return this.#parts.storage.catalog.find(organization, 'source-state', { uid: source.id }, null);
  }

  async health(of: SourceOf): Promise<SourceHealth> {
    const state = await this.read(of);
    const health = state?.health ?? blankHealth(of.source);
    const lastEventAt = Math.max(health.lastEventAt ?? 0, this.lastSeen(of.source.id) ?? 0) || null;
    return { ...health, lastEventAt };
  }

  /** Compare and set; a change that gives back what it got writes nothing. */
  changeCursor(of: SourceOf, change: (cursor: unknown) => unknown): Promise<void> {
    return this.#write(of, (state) => {
      const cursor = change(state.cursor);
      return cursor === state.cursor ? state : { ...state, cursor };
    });
  }

  /** `told`: the operational event that tells of the change. */
  writeHealth(
    of: SourceOf,
    health: Pick<SourceHealth, 'state' | 'detail'>,
    told: SourceEventType | null,
  ): Promise<void> {
    const now = this.#parts.clock.now();
    const change: Change = (state) => ({
      ...state,
      health: {
        ...this.#withSeen(state, of).health,
        ...health,
        since: state.health.state === health.state ? state.health.since : now,
      },
    });
    return this.#write(of, change, told);
  }

  #withSeen(state: SourceState, { source }: SourceOf): SourceState {
    const lastEventAt = Math.max(state.health.lastEventAt ?? 0, this.lastSeen(source.id) ?? 0) || null;
    return { ...state, health: { ...state.health, lastEventAt } };
  }

  async #write(of: SourceOf, change: Change, told: SourceEventType | null = null): Promise<void> {
    const { organization, source } = of;
    for (let run = 1; run <= WRITES_MAX; run++) {
      const before = await this.read(of);
      const known = before ?? this.#blank(source);
      const after = change(known);
      if (after === known && told === null) return;
      const story = { source, detail: after.health.detail, lastEventAt: after.health.lastEventAt };
      const publish = told === null ? [] : await this.#operational.ofSource(told, organization, story);
      const edit = { kind: 'source-state' as const, before, after };
      const result = await this.#committer
        .commitOwn(organization, [edit], 'source.state', publish)
        .catch((cause: unknown) => {
          // Another node has made the first state in the same moment.
          if (cause instanceof Problem && cause.code === 'conflict') return 'stale' as const;
          throw cause;
        });
      if (result === 'done') return;
    }
    throw new Problem('unavailable', 'The state of a source keeps changing: it is written later.');
  }

  #blank(source: Source): SourceState {
    const now = this.#parts.clock.now();
    return {
      id: newId(now, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      uid: source.id,
      ownerId: null,
      createdAt: now,
      updatedAt: now,
      version: 1,
      cursor: null,
      health: blankHealth(source),
    };
  }
}

function blankHealth(source: Source): SourceHealth {
  const state = source.kind === 'http' ? 'running' : 'starting';
  return { state, detail: null, since: source.createdAt, lastEventAt: null };
}
