/** What is looked for among received events: by what is known of each without its bytes, and by what it says. */

import type { Event } from '../event/event.ts';
import { renderId } from '../ids.ts';
import { pathConditionsOf, type SearchFilter, type SearchPath } from '../search/filter.ts';
import { isOfType } from './route.ts';

/** Plain JSON. null = any. */
export interface EventQuery {
  readonly search: SearchFilter;
  /** `*` at the end of one stands for the rest. */
  readonly types: readonly string[] | null;
  readonly vias: readonly string[] | null;
  /** Instants of acceptance in ms: `since` inclusive, `until` exclusive. */
  readonly since: number | null;
  readonly until: number | null;
}

/** Whether an event may match, by what is known of it without its bytes. */
export function mayMatch(query: EventQuery, event: Event): boolean {
  const { received } = event;
  if (received === null) return false;
  const { sourceIds, methods, verified } = query.search;
  return (
    (query.types === null || query.types.some((pattern) => isOfType(pattern, event.type))) &&
    isAmong(query.vias, received.via) &&
    isAmong(sourceIds, renderId(received.sourceId, 'source')) &&
    isAmong(methods, event.method) &&
    (verified === null || verified === (received.proof !== null)) &&
    (query.since === null || event.acceptedAt >= query.since) &&
    (query.until === null || event.acceptedAt < query.until)
  );
}

/** Whether only its bytes can tell, or its headers: what is left to `matches`. */
export function asksContent({ search }: EventQuery): boolean {
  return search.text !== '' || pathConditionsOf(search).some(({ path }) => !isKnownBeforehand(path));
}

/** Whether a path leads into what is known without the content. */
export function isKnownBeforehand(path: SearchPath): boolean {
  return KNOWN.has(String(path[0]));
}

/** Members of a document that are there without the content. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['id', 'source', 'type', 'receivedAt', 'method', 'path', 'query', 'headers', 'contentType'],
  ...['peer', 'verified', 'via', 'key', 'dedupeKey', 'test', 'meta'],
]);

function isAmong(wanted: readonly string[] | null, value: string): boolean {
  return wanted === null || wanted.includes(value);
}
