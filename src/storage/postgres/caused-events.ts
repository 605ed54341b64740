/** A change of the catalog together with the operational events that it causes. */
import type { ChangeResult } from '../../ports/catalog.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import { type AcceptIn, change } from './catalog-writes.ts';
import type { Connections } from './connection.ts';
import type { Days } from './days.ts';
import { CHECK_VIOLATION, LANE_GONE, sqlState } from './errors.ts';
import { AcceptResults } from './intake.ts';
import type { Interned } from './interned.ts';
import { WRITE_BATCH, type WriteAnswer, WriteBatch } from './write-batch.ts';

export interface ChangeParts {
  readonly connections: Connections;
  readonly interned: Interned;
  readonly days: Days;
}

export async function changeCatalog(
  parts: ChangeParts,
  op: WriteOpOf<'change'>,
  now: number,
): Promise<ChangeResult> {
  const run = async () =>
    change(parts.connections, op, { now, accept: await acceptIn(parts, op.publish, now) });
  try {
    return await run();
  } catch (cause) {
    // What this node remembers of lanes and days is no longer so: once more, with what is.
    if (sqlState(cause) === LANE_GONE) parts.interned.forget();
    else if (sqlState(cause) === CHECK_VIOLATION) parts.days.forget();
    else throw cause;
    return run();
  }
}

/** Names and days are made before the transaction begins, which would otherwise wait for a second connection. */
async function acceptIn(
  { interned, days }: ChangeParts,
  events: WriteOpOf<'change'>['publish'],
  now: number,
): Promise<AcceptIn> {
  const known = await interned.learn(events);
  const batch = new WriteBatch(known);
  const numbers = events.map((event) => batch.accept(event));
  await days.ensure(batch.days);
  const values = batch.values({ epoch: 0, now, isCareful: false });
  return async (session) => {
    const [answer] = await session.query<WriteAnswer>(WRITE_BATCH, values);
    const results = new AcceptResults(answer!);
    return events.map((event, i) => {
      const result = results.of(numbers[i]!, known.get(event.organization)!.no);
      return result.kind === 'accepted' ? result.seq : 0;
    });
  };
}
