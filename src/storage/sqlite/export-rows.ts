/** A file that is at rest, as pages of plain rows for a move to another store. */
import { existsSync, statSync } from 'node:fs';
import type { MoveCursor, MovedPage, MoveSource } from '../sql/move-rows.ts';
import { type MovedTable, type Tally, tallySql } from '../sql/moved-rows.ts';
import { StorageRefused } from '../sql/refused.ts';
import { checkFile, checkSqliteVersion } from './check-file.ts';
import { type Connection, openReader } from './connection.ts';
import { refusalOf } from './errors.ts';
import { readLastSeq } from './intake.ts';
import { lockFile } from './lock.ts';
import { checkNewest } from './migrate.ts';

/** A page has at most so many rows, and ends with the row that takes it past so many bytes. */
export interface PageLimits {
  readonly rows: number;
  readonly bytes: number;
}
const PAGE_LIMITS: PageLimits = { rows: 2000, bytes: 4 * 1024 * 1024 };

interface Exported {
  readonly select: string;
  /** Columns of the rows by which they are ordered, and after which a page begins. */
  readonly key: readonly string[];
  /** Where the key is not simply those columns: its expression, and that of what it is compared with. */
  readonly order?: string;
  readonly after?: string;
}

/** Deliveries and attempts take the id of their event with them, for it says the day. Read in the order of `table`. */
const withEvent = (table: string): string => `event.id AS of_event FROM ${table}
  CROSS JOIN lane ON lane.no = ${table}.lane_no
  CROSS JOIN event ON event.scope_no = lane.scope_no AND event.seq = ${table}.seq`;

const EXPORTED: Readonly<Record<MovedTable, Exported>> = {
  organization: { select: 'no, id, catalog_version, created_at FROM organization', key: ['no'] },
  scope: { select: 'no, organization_no, application_id FROM scope', key: ['no'] },
  lane: { select: 'no, organization_no, scope_no, destination_id, removed_at FROM lane', key: ['no'] },
  type: { select: 'no, organization_no, name FROM type', key: ['no'] },
  resource: {
    select: 'no, organization_no, kind, owner_id, id, uid, version, doc FROM resource',
    key: ['no'],
  },
  audit: { select: 'organization_no, id, doc FROM audit', key: ['organization_no', 'id'] },
  rejection: {
    select: 'organization_no, source_id, id, doc, body FROM rejection',
    key: ['organization_no', 'source_id', 'id'],
  },
  idempotency: {
    select: 'organization_no, key_hash, body_hash, status, response, expires_at FROM idempotency',
    key: ['organization_no', 'key_hash'],
    after: '(?, unhex(?))',
  },
  event: {
    select: `scope_no, seq, id, type_no, event_id, accepted_at, content_expires_at, expunged, more FROM event`,
    key: ['scope_no', 'seq'],
  },
  // `no` has more bits than a number holds exactly.
  content: {
    select: 'no >> 40 AS expires_hour, no & 0xffffffffff AS seq, body FROM content',
    key: ['expires_hour', 'seq'],
    order: 'no',
    after: '(? << 40 | ?)',
  },
  attempt: {
    select: `attempt.seq, attempt.lane_no, n, attempt.id, url, outcome, status_code, duration_ms, started_at,
      trigger, number, status, next_attempt_at, response, ${withEvent('attempt')}`,
    key: ['seq', 'lane_no', 'n'],
  },
  fresh: {
    select: `fresh.lane_no, fresh.seq, trigger, ${withEvent('fresh')}`,
    key: ['lane_no', 'seq', 'trigger'],
  },
  waiting: {
    select: `waiting.lane_no, waiting.seq, trigger, due_at, attempts, ${withEvent('waiting')}`,
    key: ['lane_no', 'seq', 'trigger'],
  },
  health: {
    select: `lane_no, failures_in_row, failing_since, circuit, probe_at, probe_delay_ms, throttled_until FROM health`,
    key: ['lane_no'],
  },
};

/**
 * Holds the file's lock until `close`, so that no server starts meanwhile, and only reads. Throws StorageRefused for
 * what is no store of Posthorn, is in use, or has an older or newer schema.
 */
export function openMoveSource(path: string, limits = PAGE_LIMITS): MoveSource {
  checkSqliteVersion();
  if (!existsSync(path) || !checkFile(path)) {
    throw new StorageRefused(
      'not-found',
      `${path} does not exist; name the posthorn.db of a data directory.`,
    );
  }
  const lock = lockFile(path);
  let db: Connection | undefined;
  const close = () => {
    db?.close();
    lock.release();
  };
  try {
    const reader = openReader(path);
    db = reader;
    checkNewest(reader, path);
    return {
      fingerprint: fingerprintOf(path),
      lastSeq: readLastSeq(reader),
      tally: (table) => reader.get<Tally>(tallySql(table))!,
      page: (table, after) => readPage(reader, table, { after, ...limits }),
      close,
    };
  } catch (error) {
    close();
    throw refusalOf(error, path);
  }
}

/** Whoever writes to the file or its log changes one of these. */
function fingerprintOf(path: string): string {
  const marks = [path, `${path}-wal`].map((file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat === undefined || stat.size === 0 ? '-' : `${stat.size}@${Math.floor(stat.mtimeMs)}`;
  });
  return marks.join(' ');
}

function readPage<Table extends MovedTable>(
  db: Connection,
  table: Table,
  page: PageLimits & { readonly after: MoveCursor | null },
): MovedPage<Table> {
  const { after } = page;
  const { select, key, ...special } = EXPORTED[table];
  const order = special.order ?? key.map((column) => `${table}.${column}`).join(', ');
  const bound = special.after ?? `(${key.map(() => '?').join(', ')})`;
  const found = db.iterate<Row<Table>>(
    `SELECT ${select} WHERE (${order}) > ${bound} ORDER BY ${order} LIMIT ?`,
    // Every key is above it.
    ...(after ?? key.map(() => -1)),
    page.rows,
  );
  const rows: Row<Table>[] = [];
  let bytes = 0;
  for (const row of found) {
    rows.push(row);
    bytes += bytesOf(row);
    if (bytes >= page.bytes) break;
  }
  const last = rows.at(-1);
  return { rows, last: last === undefined ? (after ?? []) : key.map((column) => cursorValue(last[column])) };
}

type Row<Table extends MovedTable> = MovedPage<Table>['rows'][number] & Readonly<Record<string, unknown>>;

function bytesOf(row: Readonly<Record<string, unknown>>): number {
  let bytes = 0;
  for (const name in row) {
    const value = row[name];
    if (typeof value === 'string') bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.byteLength;
  }
  return bytes;
}

function cursorValue(value: unknown): string | number {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (value as string | number);
}
