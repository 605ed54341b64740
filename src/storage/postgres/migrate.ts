/**
 * Brings a database to the newest schema. Forward only, in one transaction under a lock, so that of many nodes that
 * start at once one does it and the others wait. `minCode` in the database says which code can work with it, so that
 * nodes of two versions of Posthorn run side by side.
 *
 * The tables are in the schema of the search path that has them already, else in the one where a new table would be.
 */
import pg from 'pg';
import type { Log } from '../../ports/log.ts';
import { StorageRefused } from '../sql/refused.ts';
import { clientConfig, type Settings } from './connection.ts';
import { refusalOf } from './errors.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { raiseSeqsAfterMove } from './seqs.ts';

export interface MigrateOptions {
  readonly url: string;
  readonly log: Log;
  /** Refuses an empty database instead of making the schema. */
  readonly isLookOnly?: boolean;
  readonly migrations?: readonly Migration[];
  /** Of a move, which goes on where nobody else may begin (move-target.ts). */
  readonly isForMove?: boolean;
}

/** What is there, for those who look at a store beside its nodes: nothing is changed. */
export function look(url: string): Promise<Migrated> {
  return migrate({ url, log: { info() {}, warn() {}, error() {} }, isLookOnly: true });
}

export interface Migrated {
  /** Schema versions before and after; 0 = there was nothing. */
  readonly from: number;
  readonly to: number;
  /** What the sessions of this store need. */
  readonly settings: Settings;
}

interface Server {
  readonly role: string;
  readonly encoding: string;
  readonly is_read_only: boolean;
  readonly commits_late: boolean;
  /** null = the role may use no schema of its search path. */
  readonly schema: string | null;
  readonly may_create: boolean;
}

const SERVER_VERSION_MIN = 150_000;

/** Rejects with `StorageRefused`, which says why and what to do; then nothing was changed. */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const place = placeOf(options.url);
  const client = new pg.Client(clientConfig(options.url, 'posthorn migrate', PATIENT));
  // What breaks the connection is also told to whoever waits for an answer.
  client.on('error', () => {});
  try {
    await connect(client, place);
    return await migrateOver(client, place, options);
  } catch (cause) {
    throw refusalOf(cause, place);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Waiting for another node's migration may take as long as that does. */
const PATIENT = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' };

/** How people know the store; without its password. Throws for what is no URL of a PostgreSQL database. */
export function placeOf(url: string): string {
  const address = URL.parse(url);
  if (address === null || !['postgres:', 'postgresql:'].includes(address.protocol))
    throw new StorageRefused(
      'bad-url',
      'POSTHORN_DATABASE_URL is no URL of a PostgreSQL database; give postgres://user:password@host:5432/database.',
    );
  return `postgres://${address.host}${address.pathname}`;
}

/** Whatever goes wrong before the server knows us is about reaching it. */
async function connect(client: pg.Client, place: string): Promise<void> {
  try {
    await client.connect();
  } catch (cause) {
    if (cause instanceof pg.DatabaseError) throw cause;
    const said = (cause as Error).message || (cause as NodeJS.ErrnoException).code;
    if (/password|SASL/.test(String(said)))
      throw new StorageRefused(
        'login-refused',
        `${place} asks for a password; give it in POSTHORN_DATABASE_URL.`,
        cause,
      );
    const detail = `${place} does not answer as PostgreSQL does (${said}); check that it runs, and the host and port in POSTHORN_DATABASE_URL.`;
    throw new StorageRefused('unreachable', detail, cause);
  }
}

async function migrateOver(client: pg.Client, place: string, options: MigrateOptions): Promise<Migrated> {
  const server = await examine(client, place);
  const schema = server.schema!;
  const settings: Settings = {
    search_path: `${pg.escapeIdentifier(schema)},pg_temp`,
    // A 2xx is answered after the commit; one that the server has not written yet could still be lost.
    ...(server.commits_late ? { synchronous_commit: 'on' } : {}),
  };
  await client.query(`SET search_path TO ${settings.search_path}`);
  const migrations = options.migrations ?? MIGRATIONS;
  const found = await readVersion(client, { place, schema, migrations });
  if (found.is_moving && options.isForMove !== true)
    throw new StorageRefused(
      'half-moved',
      `${place}: a move into this database has not finished; run the same posthorn migrate --from … --to … again. Nothing was changed.`,
    );
  if (options.isLookOnly === true && found.version === 0)
    throw new StorageRefused('not-found', `${place} holds no store yet; start a node on it once.`);
  if ((isNewest(found, migrations) && !found.has_moved) || options.isLookOnly === true)
    return { from: found.version, to: found.version, settings };

  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(hashtext('posthorn migrate'), hashtext($1))`, [schema]);
  const { version, has_moved } = await readVersion(client, { place, schema, migrations });
  const due = migrations.filter((each) => each.version > version);
  for (const each of due) await apply(client, each);
  if (has_moved || version === 0) await raiseSeqsAfterMove(client);
  await client.query('COMMIT');
  const to = due.at(-1)?.version ?? version;
  if (to > version) options.log.info('storage.migrated', { from: version, to, schema });
  return { from: version, to, settings };
}

async function examine(client: pg.Client, place: string): Promise<Server> {
  const [asked] = (await client.query<{ server_version_num: string }>('SHOW server_version_num')).rows;
  checkServerVersion(Number(asked!.server_version_num), place);
  const [server] = (
    await client.query<Server>(`
      SELECT current_user AS role, current_setting('server_encoding') AS encoding,
        current_setting('transaction_read_only') = 'on' AS is_read_only,
        current_setting('synchronous_commit') = 'off' AS commits_late, s.name AS schema,
        s.name IS NOT NULL AND has_schema_privilege(s.name, 'CREATE') AS may_create
      FROM (SELECT coalesce(
        (SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = to_regclass('meta')),
        current_schema()) AS name) AS s`)
  ).rows;
  const { role, encoding, schema, may_create, is_read_only } = server!;
  if (encoding !== 'UTF8')
    throw new StorageRefused(
      'wrong-encoding',
      `${place} is encoded in ${encoding}, which cannot hold every text; make a database with ENCODING 'UTF8' TEMPLATE template0.`,
    );
  if (is_read_only)
    throw new StorageRefused(
      'read-only',
      `${place} takes no writes (a standby, or default_transaction_read_only); name the primary in POSTHORN_DATABASE_URL.`,
    );
  if (may_create) return server!;
  const user = pg.escapeIdentifier(role);
  const remedy =
    schema === null
      ? `CREATE SCHEMA AUTHORIZATION ${user}`
      : `GRANT USAGE, CREATE ON SCHEMA ${pg.escapeIdentifier(schema)} TO ${user}`;
  throw new StorageRefused(
    'missing-right',
    `${place}: the user ${role} may not make tables; let an administrator run ${remedy}.`,
  );
}

/** As in `server_version_num`. */
export function checkServerVersion(number: number, place: string): void {
  if (number >= SERVER_VERSION_MIN) return;
  throw new StorageRefused(
    'too-old-server',
    `${place} is PostgreSQL ${Math.floor(number / 10_000)}; Posthorn needs ${SERVER_VERSION_MIN / 10_000} or newer.`,
  );
}

interface Version {
  readonly version: number;
  readonly min_code: number;
  /** Written by another cluster of PostgreSQL, whose transaction ids were others (seqs.ts). */
  readonly has_moved: boolean;
  /** Half-filled from another store. */
  readonly is_moving: boolean;
}

interface Place {
  readonly place: string;
  readonly schema: string;
  readonly migrations: readonly Migration[];
}

function isNewest({ version }: Version, migrations: readonly Migration[]): boolean {
  return version >= migrations.at(-1)!.version;
}

/** Version 0 of an empty schema. Refuses one that is newer than this code, half there, or somebody else's. */
async function readVersion(client: pg.Client, at: Place): Promise<Version> {
  const found = await tablesOf(client, at);
  if (found.length === 0) return { version: 0, min_code: 0, has_moved: false, is_moving: false };
  if (!found.some((table) => table.name === 'meta'))
    throw foreign(at, `has a table ${found[0]!.name} but none that says it is a store of Posthorn`);
  const version = await readMeta(client, at);
  const code = at.migrations.at(-1)!.version;
  if (version.min_code > code)
    throw new StorageRefused(
      'newer-schema',
      `${at.place} was written by a newer Posthorn (schema ${version.version}, this one knows ${code}); start that version. Nothing was changed.`,
    );
  const missing = madeBy(at.migrations.filter((each) => each.version <= version.version)).find(
    (name) => !found.some((table) => table.name === name),
  );
  if (missing !== undefined) throw foreign(at, `is half there: it has no ${missing}`);
  const strange = found.find((table) => !table.is_ours);
  if (strange !== undefined)
    throw new StorageRefused(
      'missing-right',
      `${at.place}: the table ${strange.name} belongs to ${strange.owner}, who alone can make partitions of it; connect as ${strange.owner}.`,
    );
  return version;
}

async function tablesOf(
  client: pg.Client,
  { schema, migrations }: Place,
): Promise<readonly { readonly name: string; readonly owner: string; readonly is_ours: boolean }[]> {
  const found = await client.query<{ name: string; owner: string; is_ours: boolean }>(
    `SELECT relname AS name, pg_get_userbyid(relowner) AS owner, pg_has_role(relowner, 'USAGE') AS is_ours
     FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname = $1 AND relname = ANY ($2) ORDER BY relname`,
    [schema, madeBy(migrations)],
  );
  return found.rows;
}

async function readMeta(client: pg.Client, at: Place): Promise<Version> {
  const columns = await client.query(
    `SELECT 1 FROM pg_attribute WHERE attrelid = 'meta'::regclass AND attname IN ('name', 'value')`,
  );
  if (columns.rows.length < 2) throw foreign(at, 'has a table meta of another program');
  const [version] = (
    await client.query<Version>(`
      SELECT v.value AS version, coalesce(m.value, 0) AS min_code,
        s.value IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system()) AS has_moved,
        EXISTS (SELECT 1 FROM meta WHERE name = 'moving') AS is_moving
      FROM meta v LEFT JOIN meta m ON m.name = 'min_code' LEFT JOIN meta s ON s.name = 'system'
      WHERE v.name = 'version'`)
  ).rows;
  if (version === undefined) throw foreign(at, 'has a table meta that names no version of the schema');
  return version;
}

/** Tables and sequences, by the words that make them. */
function madeBy(migrations: readonly Migration[]): readonly string[] {
  return migrations.flatMap(({ sql }) =>
    [...sql.matchAll(/^CREATE (?:TABLE|SEQUENCE) (\w+)/gm)].map(([, name]) => name!),
  );
}

function foreign({ place, schema }: Place, what: string): StorageRefused {
  const detail = `${place}: the schema ${schema} ${what}; restore a backup, or give Posthorn a database or schema of its own. Nothing was changed.`;
  return new StorageRefused('foreign-schema', detail);
}

async function apply(client: pg.Client, { sql, version, minCode }: Migration): Promise<void> {
  await client.query(sql);
  await client.query(
    `INSERT INTO meta VALUES ('version', $1), ('min_code', $2)
     ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`,
    [version, minCode],
  );
}
