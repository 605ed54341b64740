/** What was received before: read, found, and planned again. */
import type { Destination } from '../core/catalog/resources.ts';
import { type OrganizationId, RECEIVED, renderId } from '../core/ids.ts';
import { NO_FILTER } from '../core/search/filter.ts';
import { compileDetector } from '../core/verification/detect-provider.ts';
import type { ReceivedCall } from '../core/verification/verifier.ts';
import type { StoredEvent } from '../ports/history.ts';
import type { Arrivals } from './arrivals.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts, EventPage, FoundEvents, ReadEvent, Received } from './engine.ts';
import { EventSearch } from './event-search.ts';
import { readsBody } from './live-source.ts';
import type { LiveSources } from './live-sources.ts';
import { Reading } from './reading.ts';
import { planReceived } from './received-plan.ts';
import type { SourceOf } from './source-states.ts';
import { turnsOf } from './turns.ts';

const NO_BYTES = new Uint8Array(0);

export interface ReceivedEventsOptions {
  readonly directory: CachedDirectory;
  readonly sources: LiveSources;
  readonly arrivals: Arrivals;
}

export class ReceivedEvents implements Received {
  readonly #parts: EngineParts;
  readonly #options: ReceivedEventsOptions;
  readonly #search: EventSearch;
  #detect: ReturnType<typeof compileDetector> | null = null;

  constructor(parts: EngineParts, options: ReceivedEventsOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#search = new EventSearch(parts, (stored) => this.read(stored));
  }

  read(stored: StoredEvent): ReadEvent | Promise<ReadEvent> {
    const { event, content } = stored;
    const reading = this.#reading(stored, {});
    const done = (): ReadEvent => {
      const { parsed } = reading;
      return { stored, document: reading.document(event.type), format: parsed.format, files: parsed.files };
    };
    if (content === null) return done();
    const parsing = reading.parse();
    return parsing === undefined ? done() : parsing.then(done);
  }

  find(organization: OrganizationId, page: EventPage): Promise<FoundEvents> {
    return this.#search.find(organization, page);
  }

  /** When the newest event since this instant was accepted, by any node; null = there is none. */
  async lastEventAt({ organization, source }: SourceOf, since: number): Promise<number | null> {
    const search = { ...NO_FILTER, sourceIds: [renderId(source.id, 'source')] };
    const found = await this.find(organization, {
      query: { search, types: null, vias: null, since, until: null },
      ...{ direction: 'newest-first', after: 0, before: null, limit: 1, withContent: false },
    });
    return found.rows[0]?.stored.event.acceptedAt ?? null;
  }

  async plan(organization: OrganizationId, stored: StoredEvent): Promise<readonly Destination[]> {
    const { directory, sources } = this.#options;
    const hub = await directory.hub(organization);
    const conditions = hub.flows.flatMap(({ when }) => (when === null ? [] : [sources.condition(when)]));
    const known = conditions.some(readsBody) ? await this.#withContent(organization, stored) : stored;
    const values = conditions.length === 0 ? {} : await this.#valuesOf(organization, stored);
    const { event } = stored;
    const ids = await planReceived(
      hub,
      { event, reading: this.#reading(known, values) },
      { condition: (text) => sources.condition(text), giveWay: turnsOf(this.#parts.clock) },
    );
    return ids.flatMap((id) => hub.byId.get(id)?.destination ?? []);
  }

  guess({ event, content }: StoredEvent): readonly string[] {
    const { received } = event;
    if (received === null || received.via !== 'http') return [];
    this.#detect ??= compileDetector(this.#parts.providers.values());
    const query = received.query === '' ? '' : `?${received.query}`;
    const call: ReceivedCall = {
      method: event.method,
      url: `${this.#parts.settings.publicUrl}/in/-${received.sub}${query}`,
      headers: received.headers,
      body: content ?? NO_BYTES,
    };
    return this.#detect(call).map(({ id }) => id);
  }

  wait(organization: OrganizationId, ms: number, signal: AbortSignal): Promise<void> {
    return this.#options.arrivals.wait(organization, ms, signal);
  }

  #reading({ event, content }: StoredEvent, secrets: Readonly<Record<string, string>>): Reading {
    const { formats, clock } = this.#parts;
    return new Reading(event, content ?? NO_BYTES, { formats, secrets, now: clock.now() });
  }

  async #withContent(organization: OrganizationId, stored: StoredEvent): Promise<StoredEvent> {
    if (stored.content !== null || stored.contentState !== 'kept') return stored;
    const scope = { organization, applicationId: RECEIVED };
    const { history } = this.#parts.storage;
    const found = await history.findEvent(scope, { id: stored.event.id }, { withContent: true });
    return found ?? stored;
  }

  /** What `secret("name")` gives to conditions, as when the event came. */
  async #valuesOf(
    organization: OrganizationId,
    { event }: StoredEvent,
  ): Promise<Readonly<Record<string, string>>> {
    const { catalog } = this.#parts.storage;
    const source = await catalog.find(organization, 'source', { id: event.received!.sourceId }, null);
    if (source === null || source.values === null) return {};
    const { vault } = this.#options.sources;
    return JSON.parse(vault.open(organization, source.id, source.values)) as Record<string, string>;
  }
}
