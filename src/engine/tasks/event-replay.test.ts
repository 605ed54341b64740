import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventPage } from '../engine.ts';
import { eventReplay } from './event-replay.ts';

const CREATED_AT = 1_700_000_000_000;

/** What the first step of a replay up to this instant looks for. */
async function asked(until: number | null): Promise<EventPage> {
  const pages: EventPage[] = [];
  const find = async (_organization: unknown, page: EventPage) => {
    pages.push(page);
    return { rows: [], next: null };
  };
  const task = { createdAt: CREATED_AT, cursor: null, progress: { done: 0, total: null }, data: {} };
  const input = { query: { search: {}, until }, destinationId: null, ratePerSecond: 5, limit: null };
  await eventReplay.step(eventReplay.readInput(input), { task, received: { find } } as never);
  return pages[0]!;
}

test('a replay has what came in the millisecond in which it was started, and nothing that came later', async () => {
  assert.equal((await asked(null)).query.until, CREATED_AT + 1);
  assert.equal((await asked(CREATED_AT + 60_000)).query.until, CREATED_AT + 1);
  assert.equal((await asked(CREATED_AT - 60_000)).query.until, CREATED_AT - 60_000);
});
