/**
 * A database that is being filled from another store. How far it has come is a row per table in `move`, written with
 * the rows themselves; while that table is there, `meta` says so and no node starts.
 */
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../ports/log.ts';
import type { MoveCursor, MoveTarget } from '../sql/move-rows.ts';
import { MOVED_TABLES, type Tally, tallySql } from '../sql/moved-rows.ts';
import { StorageRefused } from '../sql/refused.ts';
import { type Connections, openConnections, type Session } from './connection.ts';
import { refusalOf } from './errors.ts';
import { importRows } from './import-rows.ts';
import { migrate, placeOf } from './migrate.ts';

export interface MoveTargetOptions {
  readonly url: string;
  /** Of the source: a half-filled database goes on with this one only. */
  readonly fingerprint: string;
  readonly log: Log;
}

/** One page, or the count of a large table. */
const STATEMENT_TIMEOUT_MS = 30 * 60_000;
/** Beside what is moved: nodes that run, and events that wait for one. */
const MUST_BE_EMPTY = [...MOVED_TABLES, 'event_key', 'outbox', 'node'];
const NUMBERED = ['organization', 'scope', 'lane', 'type', 'resource'];

interface Position {
  readonly after: string | null;
  readonly done: number;
}

/** Rejects with StorageRefused; then the database holds what it held, but for the tables that a node makes too. */
export async function openMoveTarget(options: MoveTargetOptions): Promise<MoveTarget> {
  const place = placeOf(options.url);
  const { settings } = await migrate({ ...options, isForMove: true });
  const connections = openConnections({
    ...options,
    name: 'posthorn move',
    poolMax: 1,
    waitingMax: 1,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    // A page that a power cut takes goes together with its cursor.
    settings: { ...settings, synchronous_commit: 'off' },
  });
  const transact = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    try {
      return await connections.transact(work);
    } catch (cause) {
      throw lostTarget(cause, place);
    }
  };
  try {
    const positions = await transact((session) => begin(session, options.fingerprint, place));
    return targetOver(connections, positions, { transact, place });
  } catch (cause) {
    await connections.close();
    throw cause;
  }
}

function targetOver(
  connections: Connections,
  positions: ReadonlyMap<string, Position>,
  { transact, place }: { transact: Connections['transact']; place: string },
): MoveTarget {
  return {
    progressOf(table) {
      const { after, done } = positions.get(table)!;
      return { after: after === null ? null : (JSON.parse(after) as MoveCursor), done };
    },
    write: (table, page, after) =>
      transact(async (session) => {
        await advance(session, { table, after, last: page.last, rows: page.rows.length, place });
        await importRows(session, table, page.rows);
      }),
    tally: (table) =>
      transact(async (session) => {
        const [tally] = await session.query<Tally>(tallySql(table));
        return tally!;
      }),
    async finish(lastSeq) {
      await transact((session) => session.query('ANALYZE'));
      await transact((session) => finish(session, lastSeq, place));
    },
    close: () => connections.close(),
  };
}

/** How far each table has come; makes the empty database one that is being filled. */
async function begin(
  session: Session,
  fingerprint: string,
  place: string,
): Promise<ReadonlyMap<string, Position>> {
  await session.query(`SELECT pg_advisory_xact_lock(hashtext('posthorn move'))`);
  const [found] = await session.query<{ has_begun: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'moving') AS has_begun`,
  );
  if (!found!.has_begun) {
    await refuseUnlessEmpty(session, place);
    await session.query(`INSERT INTO meta VALUES ('moving', 1)`);
    await session.query('CREATE TABLE move (name text PRIMARY KEY, after text, done bigint NOT NULL)');
    await session.query(`INSERT INTO move VALUES ('from', $1, 0)`, [fingerprint]);
    await session.query('INSERT INTO move SELECT name, NULL, 0 FROM unnest($1::text[]) AS name', [
      MOVED_TABLES,
    ]);
  }
  const rows = await session.query<Position & { name: string }>('SELECT name, after, done FROM move');
  const positions = new Map(rows.map((row) => [row.name, row]));
  if (positions.get('from')?.after === fingerprint) return positions;
  throw new StorageRefused(
    'not-empty',
    `${place} is half-filled from another store, or from this one before it changed; name the store of that move, or an empty database. Nothing was changed.`,
  );
}

async function refuseUnlessEmpty(session: Session, place: string): Promise<void> {
  for (const table of MUST_BE_EMPTY) {
    const rows = await session.query(`SELECT 1 FROM ${table} LIMIT 1`);
    if (rows.length === 0) continue;
    const what = table === 'node' ? 'is in use by a node' : `is not empty (it has rows in ${table})`;
    throw new StorageRefused(
      'not-empty',
      `${place} ${what}; a move needs an empty database: create one and name it. Nothing was changed.`,
    );
  }
}

/** Refuses when somebody else has written since this page was read. */
async function advance(
  session: Session,
  page: { table: string; after: MoveCursor | null; last: MoveCursor; rows: number; place: string },
): Promise<void> {
  const moved = await session.query(
    `UPDATE move SET after = $3, done = done + $4 WHERE name = $1 AND after IS NOT DISTINCT FROM $2 RETURNING 1`,
    [page.table, page.after && JSON.stringify(page.after), JSON.stringify(page.last), page.rows],
  );
  if (moved.length > 0) return;
  throw new StorageRefused(
    'locked',
    `${page.place} is being filled by another move at the same time; let that one finish.`,
  );
}

async function finish(session: Session, lastSeq: number, place: string): Promise<void> {
  // Not before all that was written so far is on the disk as well.
  await session.query('SET LOCAL synchronous_commit = on');
  for (const table of NUMBERED) {
    await session.query(
      `SELECT setval(pg_get_serial_sequence('${table}', 'no'), (SELECT max(no) FROM ${table}))`,
    );
  }
  await session.query(`UPDATE meta SET value = greatest(value, $1) WHERE name = 'seq_base'`, [lastSeq]);
  if ((await session.query('SELECT 1 FROM node LIMIT 1')).length > 0) {
    throw new StorageRefused(
      'locked',
      `A node has joined ${place} while it was being filled; stop all nodes and run the same command again.`,
    );
  }
  await session.query(`DELETE FROM meta WHERE name = 'moving'`);
  await session.query('DROP TABLE move');
}

function lostTarget(cause: unknown, place: string): unknown {
  if (!(cause instanceof Problem)) return refusalOf(cause, place);
  const said = cause.cause instanceof Error ? cause.cause.message : cause.message;
  return new StorageRefused(
    'unreachable',
    `${place} is gone (${said}); bring it back and run the same command again: it goes on where it was.`,
    cause,
  );
}
