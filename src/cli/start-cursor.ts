/** Where to begin in the order of acceptance, said as people say it. */
import type { Client } from '../client/create-client.ts';
import { ServerProblem } from '../client/server-problem.ts';
import { BadSetting } from '../config/parse.ts';
import { parseCursor, renderCursor } from '../contract/event.ts';

export function sinceBeginning(): string {
  return renderCursor(0);
}

/** The cursor behind which this event comes first. Throws BadSetting. */
export async function cursorBefore(client: Client, id: string): Promise<string> {
  try {
    const { receivedAt } = await client.getEvent(id);
    const page = await client.listEvents({
      where: [`id=${id}`],
      since: receivedAt,
      until: new Date(Date.parse(receivedAt) + 1).toISOString(),
      limit: 1,
      with_content: false,
    });
    const cursor = beforeFirst(page);
    if (cursor !== null) return cursor;
  } catch (cause) {
    if (!(cause instanceof ServerProblem && cause.status === 404)) throw cause;
  }
  throw new BadSetting(
    '--from',
    `${id} is no event here: give now, beginning, or the id of an event (evt_…).`,
  );
}

/** The cursor behind which what was received at this instant, or after it, comes first. */
export async function cursorSince(client: Client, since: string): Promise<string> {
  // First the end, so that nothing fits between the two questions.
  const end = await currentCursor(client);
  let iterator: string | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const found = await client.listEvents({
      since,
      order: 'ascending',
      limit: 1,
      with_content: false,
      ...(iterator === null ? {} : { iterator }),
    });
    if (found.data.length > 0) return beforeFirst(found) ?? end;
    if (found.done || found.iterator === null) break;
    iterator = found.iterator;
  }
  return end;
}

/** Pages that are empty because looking took long. */
const PAGES_MAX = 1000;

/** The end, as it is now. */
async function currentCursor(client: Client): Promise<string> {
  const stop = new AbortController();
  try {
    for await (const item of client.tailEvents({}, { after: null, signal: stop.signal })) {
      if (item.kind === 'away') throw item.problem;
      if (item.kind !== 'connected') return item.cursor;
    }
  } finally {
    stop.abort();
  }
  throw new Error('A tail ended before it told its cursor.');
}

function beforeFirst({ prevIterator }: { readonly prevIterator: string | null }): string | null {
  const seq = prevIterator === null ? undefined : parseCursor(prevIterator.slice(1));
  return seq === undefined ? null : renderCursor(seq - 1);
}
