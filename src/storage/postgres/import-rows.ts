/** Rows of another store as statements of this schema: one per table and page, each column one array. */
import { shardOf } from '../../core/shard.ts';
import { facetsOf } from '../sql/facets.ts';
import type { MovedRows, MovedTable } from '../sql/moved-rows.ts';
import type { Session } from './connection.ts';
import { dayOfId } from './day-of.ts';
import { byteas, int2s, int4s, int8s, texts } from './sql-array.ts';

/** A type of columns: as an array, and what an element is cast to when no binary array of it is made. */
interface Type {
  readonly array: string;
  readonly encode: (values: never) => Buffer;
  readonly cast?: string;
}
const smallint: Type = { array: 'smallint[]', encode: int2s };
const integer: Type = { array: 'integer[]', encode: int4s };
const bigint: Type = { array: 'bigint[]', encode: int8s };
const text: Type = { array: 'text[]', encode: texts };
const bytea: Type = { array: 'bytea[]', encode: byteas };
const boolean: Type = { array: 'integer[]', encode: int4s, cast: 'boolean' };
const jsonb: Type = { array: 'text[]', encode: texts, cast: 'jsonb' };

type Made<Row> = readonly [type: Type, value: (row: Row) => string | number | null];
interface Insert<Row> {
  readonly into: string;
  /** Columns that both stores have. */
  readonly same: { readonly [Name in keyof Row]?: Type };
  /** Columns that only this one has. */
  readonly made?: Readonly<Record<string, Made<Row>>>;
  /** Columns with the same expression for all rows. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Not said: all rows. */
  readonly only?: (row: Row) => boolean;
}

const HOURS_OF_DAY = 24;
const dayOfEvent: Made<{ of_event: string }> = [integer, (row) => dayOfId(row.of_event)];

/** Tables in partitions by their column `day`. */
const BY_DAY: ReadonlySet<string> = new Set(['event', 'content', 'attempt']);

const INSERTS: { readonly [Table in MovedTable]: readonly Insert<MovedRows[Table]>[] } = {
  organization: [
    {
      into: 'organization',
      same: { no: bigint, id: text, catalog_version: bigint, created_at: bigint },
      fixed: { changed_seq: '0' },
    },
  ],
  scope: [{ into: 'scope', same: { no: bigint, organization_no: bigint, application_id: text } }],
  lane: [
    {
      into: 'lane',
      same: {
        no: bigint,
        organization_no: bigint,
        scope_no: bigint,
        destination_id: text,
        removed_at: bigint,
      },
      made: { shard: [smallint, (row) => shardOf(row.destination_id)] },
    },
  ],
  type: [{ into: 'type', same: { no: bigint, organization_no: bigint, name: text } }],
  resource: [
    {
      into: 'resource',
      same: {
        ...{ no: bigint, organization_no: bigint, kind: text, owner_id: text, id: text, uid: text },
        ...{ version: bigint, doc: text },
      },
      made: { facets: [jsonb, (row) => facetsOf(JSON.parse(row.doc))] },
    },
  ],
  audit: [{ into: 'audit', same: { organization_no: bigint, id: text, doc: text } }],
  rejection: [
    {
      into: 'rejection',
      same: { organization_no: bigint, source_id: text, id: text, doc: text, body: bytea },
    },
  ],
  idempotency: [
    {
      into: 'idempotency',
      same: {
        ...{ organization_no: bigint, key_hash: bytea, body_hash: bytea, status: integer, response: text },
        expires_at: bigint,
      },
    },
  ],
  event: [
    {
      into: 'event',
      same: {
        ...{ scope_no: bigint, seq: bigint, id: text, type_no: bigint, event_id: text, accepted_at: bigint },
        ...{ content_expires_at: bigint, expunged: boolean, more: text },
      },
      made: { day: [integer, (row) => dayOfId(row.id)] },
    },
    {
      into: 'event_key',
      same: { scope_no: bigint, event_id: text, id: text },
      made: { day: [integer, (row) => dayOfId(row.id)] },
      only: (row) => row.event_id !== null,
    },
  ],
  content: [
    {
      into: 'content',
      same: { seq: bigint, body: bytea },
      made: { day: [integer, (row) => Math.floor(row.expires_hour / HOURS_OF_DAY)] },
    },
  ],
  attempt: [
    {
      into: 'attempt',
      same: {
        ...{ lane_no: bigint, seq: bigint, id: text, url: text, outcome: smallint, status_code: integer },
        ...{ duration_ms: bigint, started_at: bigint, trigger: smallint, number: integer, status: smallint },
        ...{ next_attempt_at: bigint, response: bytea },
      },
      made: {
        day: [integer, (row) => dayOfId(row.id)],
        event_day: dayOfEvent,
        // What is recorded here later gets greater ones.
        rec: [bigint, (row) => row.n],
      },
    },
  ],
  fresh: [
    {
      into: 'fresh',
      same: { lane_no: bigint, seq: bigint, trigger: smallint },
      made: { day: dayOfEvent },
    },
  ],
  waiting: [
    {
      into: 'waiting',
      same: { lane_no: bigint, seq: bigint, trigger: smallint, due_at: bigint, attempts: integer },
      made: { day: dayOfEvent },
    },
  ],
  health: [
    {
      into: 'health',
      same: {
        ...{ lane_no: bigint, failures_in_row: integer, failing_since: bigint, circuit: smallint },
        ...{ probe_at: bigint, probe_delay_ms: bigint, throttled_until: bigint },
      },
    },
  ],
};

/** Inside the caller's transaction. */
export async function importRows<Table extends MovedTable>(
  session: Session,
  table: Table,
  rows: readonly MovedRows[Table][],
): Promise<void> {
  for (const insert of INSERTS[table]) {
    const chosen = insert.only === undefined ? rows : rows.filter(insert.only);
    if (chosen.length > 0) await insertRows(session, insert, chosen);
  }
}

async function insertRows<Row>(session: Session, insert: Insert<Row>, rows: readonly Row[]): Promise<void> {
  const { into, same, made = {}, fixed = {} } = insert;
  if (BY_DAY.has(into)) {
    const days = new Set(rows.map((row) => made.day![1](row)));
    for (const day of days) await session.query('SELECT posthorn_ensure_day($1, $2)', [into, day]);
  }
  const columns: [name: string, type: Type, value: (row: Row) => unknown][] = [
    ...Object.entries(same as Record<string, Type>).map(
      ([name, type]): [string, Type, (row: Row) => unknown] => [name, type, (row) => row[name as keyof Row]],
    ),
    ...Object.entries(made).map(([name, made]): [string, Type, (row: Row) => unknown] => [name, ...made]),
  ];
  const names = columns.map(([name]) => name);
  const chosen = columns.map(([name, { cast }]) => (cast === undefined ? name : `${name}::${cast}`));
  const arrays = columns.map(([, { array }], i) => `$${i + 1}::${array}`);
  await session.query(
    `INSERT INTO ${into} (${[...names, ...Object.keys(fixed)].join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${[...chosen, ...Object.values(fixed)].join(', ')}
     FROM unnest(${arrays.join(', ')}) AS r (${names.join(', ')})`,
    columns.map(([, { encode }, value]) => encode(rows.map(value) as never)),
  );
}
