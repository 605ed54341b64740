/** What a tail says, bit by bit: events that match, heartbeats, and how far it has looked. */
import { renderCursor } from '../../../contract/event.ts';
import { asksContent, type EventQuery, mayMatch } from '../../../core/received/event-query.ts';
import { matches } from '../../../core/search/matches.ts';
import { showCredentials } from '../../../engine/hide-credentials.ts';
import type { StoredEvent } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';
import { eventOut, scopeOf } from './event-of.ts';

/** Rows that are looked at before others get their turn. */
const BATCH = 50;
/** Events that other nodes took are found by looking. */
const LOOK_MS = 1_000;
const HEARTBEAT_MS = 15_000;
/** Then the client comes back with its cursor, and has to show its token again. */
const LASTS_MS = 15 * 60_000;
const RETRY_MS = 1_000;

export interface Following {
  readonly query: EventQuery;
  readonly from: number;
  readonly isRaw: boolean;
  /** Waits for what comes. */
  readonly isEndless: boolean;
  readonly signal: AbortSignal;
}

type TailCall = Pick<Call, 'engine' | 'storage' | 'organization' | 'clock'>;

export async function* follow(call: TailCall, following: Following): AsyncGenerator<string> {
  const { clock, organization, engine } = call;
  const { from, isEndless, signal } = following;
  const endsAt = clock.now() + LASTS_MS;
  let seq = from;
  let told = from;
  let toldAt = clock.now();
  yield `retry: ${RETRY_MS}\n${cursorEvent(seq)}`;
  while (!signal.aborted && clock.now() < endsAt) {
    const rows = await call.storage.history.readEvents(
      scopeOf(call),
      {},
      { afterSeq: seq, limit: BATCH, withContent: false },
    );
    for (const row of rows) {
      const text = await textOf(call, row, following);
      seq = row.seq;
      if (text === null) continue;
      yield `id: ${renderCursor(seq)}\ndata: ${text}\n\n`;
      told = seq;
      toldAt = clock.now();
    }
    if (clock.now() - toldAt >= HEARTBEAT_MS) {
      yield told === seq ? ': heartbeat\n\n' : cursorEvent(seq);
      told = seq;
      toldAt = clock.now();
    }
    if (rows.length === BATCH) continue;
    if (!isEndless) return;
    await engine.received.wait(organization, LOOK_MS, signal);
  }
}

function cursorEvent(seq: number): string {
  const cursor = renderCursor(seq);
  return `id: ${cursor}\nevent: cursor\ndata: {"cursor":"${cursor}"}\n\n`;
}

/** The event as one line of JSON; null = it does not match. */
async function textOf(
  call: TailCall,
  row: StoredEvent,
  { query, isRaw }: Pick<Following, 'query' | 'isRaw'>,
): Promise<string | null> {
  if (!mayMatch(query, row.event)) return null;
  const { received } = call.engine;
  if (!asksContent(query) && !matches(await received.read(row), query.search)) return null;
  const stored = await call.storage.history.findEvent(
    scopeOf(call),
    { id: row.event.id },
    { withContent: true },
  );
  if (stored === null) return null;
  const read = await received.read(stored);
  if (!matches(read, query.search)) return null;
  const raw = isRaw ? { raw: rawOf(call, stored) } : {};
  return JSON.stringify({ ...eventOut(read), ...raw });
}

/** The request as it came, so that it can be made again with signatures intact. */
function rawOf({ engine, organization }: TailCall, { event, content }: StoredEvent) {
  const received = event.received!;
  return {
    method: event.method,
    path: received.sub,
    ...showCredentials(received, (sealed) => engine.vault.open(organization, event.id, sealed)),
    bodyBase64: content === null ? null : Buffer.from(content).toString('base64'),
  };
}
