/**
 * What finding received events costs: `node bench/search.ts [sqlite|postgres] [events]`. Events of about 1 KB over ten
 * days are accepted, indexed behind that, and looked for by values that few, some, many and nearly all of them have.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventId, newId, type OrganizationId, RECEIVED, type SourceId } from '../src/core/ids.ts';
import { eventDocument } from '../src/core/received/event-document.ts';
import { NO_FILTER, type SearchFilter, type SearchValue } from '../src/core/search/filter.ts';
import { matches } from '../src/core/search/matches.ts';
import { parsePath } from '../src/core/search/parse-path.ts';
import { eventTerms, termsOf } from '../src/core/search/terms.ts';
import type { Searched } from '../src/core/search/values.ts';
import type { StoredEvent } from '../src/ports/history.ts';
import type { Storage } from '../src/ports/storage.ts';
import { openSqlite } from '../src/storage/sqlite/open.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../test/support/postgres-stores.ts';
import { watchDatabase } from './database.ts';
import { searchedEvent } from './search-events.ts';

const ORGANIZATION = 'org_23rb8YdGqMT0qIzpgGwdXfHirMu' as OrganizationId;
const SOURCE = newId<'source'>(Date.now(), randomBytes(15)) as SourceId;
const DAY_MS = 86_400_000;
const DAYS = 10;
const AT_ONCE = 256;
const INDEXED_AT_ONCE = 100;
const RUNS = 20;
const PAGE = 50;

const store = process.argv[2] === 'postgres' ? 'postgres' : 'sqlite';
const events = Number(process.argv[3] ?? 1_000_000);
const begin = Date.now() - DAYS * DAY_MS;
const atOf = (n: number): number => begin + Math.floor((n / events) * DAYS * DAY_MS);

function receive(storage: Storage, n: number): Promise<unknown> {
  const at = atOf(n);
  const made = searchedEvent(n, at);
  return storage.intake.accept({
    organization: ORGANIZATION,
    event: {
      id: newId<'event'>(at, randomBytes(15)) as EventId,
      applicationId: RECEIVED,
      received: {
        sourceId: SOURCE,
        via: 'http',
        sub: '',
        query: '',
        headers: Object.entries(made.headers),
        sealed: null,
        peer: made.peer,
        proof: { scheme: 'hmac', key: 0 },
        dedupeKey: null,
        readAs: null,
        isTest: false,
        meta: null,
      },
      type: made.type,
      eventId: null,
      channels: null,
      tags: null,
      method: 'POST',
      contentType: 'application/json',
      headers: null,
      orderingKey: null,
      retryScheduleMs: null,
      acceptedAt: at,
      contentExpiresAt: at + 90 * DAY_MS,
      deliverAt: 0,
    },
    content: Buffer.from(JSON.stringify(made.body)),
    destinations: [],
    idempotency: null,
    catalogVersion: null,
    outboxNo: null,
  });
}

async function fill(storage: Storage): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < events) await receive(storage, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

function searchedOf({ event, content }: StoredEvent): Searched {
  const value: unknown = JSON.parse(Buffer.from(content!).toString());
  const parsed = { format: 'json', value, files: [], envelope: null, error: null } as const;
  const about = { parsed, size: content!.byteLength, id: event.id, source: 'src_1' };
  return { document: eventDocument(event, about), format: 'json' };
}

/** The ms that were spent in each step, in all. */
async function indexAll(
  storage: Storage,
): Promise<{ take: number; terms: number; index: number; longest: number }> {
  const spent = { take: 0, terms: 0, index: 0, longest: 0 };
  for (;;) {
    const begun = performance.now();
    const rows = await storage.search.takeUnindexed({ limit: INDEXED_AT_ONCE, bytesMax: 1e7 });
    if (rows.length === 0) return spent;
    const taken = performance.now();
    const entries = rows.map((row) => ({
      organization: row.organization,
      seq: row.seq,
      id: row.event.id,
      ...eventTerms(searchedOf(row)),
    }));
    const made = performance.now();
    await storage.search.index(entries);
    const done = performance.now();
    spent.take += taken - begun;
    spent.terms += made - taken;
    spent.index += done - made;
    spent.longest = Math.max(spent.longest, done - made);
  }
}

const where = (...pairs: readonly (readonly [string, SearchValue])[]): SearchFilter => ({
  ...NO_FILTER,
  conditions: pairs.map(([path, value]) => ({ path: parsePath(path)!, op: '=', value })),
});
const CAMPAIGN = ['body.data.object.metadata.campaign', 'summer-7'] as const;
const EURO = ['body.data.object.currency', 'EUR'] as const;
const REGION = 'body.data.object.metadata.region';
const FILTERS: Readonly<Record<string, SearchFilter>> = {
  'one event': where(['body.data.object.metadata.order', `order-${events >> 1}`]),
  none: where(['body.data.object.metadata.order', 'order-x']),
  '0.005 %': where(['body.data.object.customer.id', 'cus_77']),
  '1 %': where(CAMPAIGN),
  '60 %': where(EURO),
  '99 %': where(['body.livemode', true]),
  '60 % and 1 %': where(EURO, CAMPAIGN),
  '12 % and 12 %, never both': where([REGION, 'eu-north'], [REGION, 'us-east']),
  'two words': { ...NO_FILTER, text: 'lo0n ra1n' },
};

/** Pages of candidates until the page is full of what matches, as a caller does it. */
async function find(
  storage: Storage,
  filter: SearchFilter,
  range: { since: number; until: number } | null,
): Promise<number> {
  let found = 0;
  let before: number | null = null;
  for (;;) {
    const page = await storage.search.candidates(ORGANIZATION, {
      terms: termsOf(filter),
      before,
      after: 0,
      direction: 'newest-first',
      since: range?.since ?? null,
      until: range?.until ?? null,
      limit: PAGE,
      bytesMax: 4e6,
      withContent: true,
    });
    found += page.rows.filter((row) => matches(searchedOf(row), filter)).length;
    if (page.scannedTo === null || found >= PAGE) return found;
    before = page.scannedTo;
  }
}

async function ask20(storage: Storage): Promise<void> {
  const middle = { since: atOf(events * 0.5), until: atOf(events * 0.55) };
  for (const [name, filter] of Object.entries(FILTERS)) {
    for (const [when, range] of [
      ['any time', null],
      ['12 hours, 5 days ago', middle],
    ] as const) {
      const times: number[] = [];
      let found = 0;
      for (let run = 0; run < RUNS; run++) {
        const begun = performance.now();
        found = await find(storage, filter, range);
        times.push(performance.now() - begun);
      }
      times.sort((a, b) => a - b);
      const at = (share: number) => times[Math.floor(share * RUNS)]!.toFixed(1);
      console.log(`| ${name} | ${when} | ${found} | ${at(0.5)} | ${at(0.95)} |`);
    }
  }
}

/** What a search would cost without an index: every event is read and looked at. */
async function scan(storage: Storage): Promise<void> {
  const begun = performance.now();
  let before: number | null = null;
  let seen = 0;
  while (seen < Math.min(events, 50_000)) {
    const limits = {
      after: 0,
      since: null,
      until: null,
      limit: 1000,
      bytesMax: 4e6,
      withContent: true,
    } as const;
    const page = await storage.search.candidates(ORGANIZATION, {
      terms: [],
      before,
      direction: 'newest-first',
      ...limits,
    });
    for (const row of page.rows) matches(searchedOf(row), FILTERS.none!);
    seen += page.rows.length;
    before = page.scannedTo;
    if (before === null) break;
  }
  const each = (performance.now() - begun) / seen;
  console.log(
    `scan: ${(each * 1000).toFixed(1)} µs per event, ${((each * events) / 1000).toFixed(1)} s for all`,
  );
}

const perEvent = (ms: number): string => ((ms * 1000) / events).toFixed(1);

async function run(storage: Storage, bytes: () => Promise<number>): Promise<void> {
  await fill(storage);
  await storage.upkeep.checkpoint();
  await scan(storage);
  const stored = await bytes();
  const cpu = process.cpuUsage();
  const { take, terms, index, longest } = await indexAll(storage);
  const used = process.cpuUsage(cpu);
  await storage.upkeep.checkpoint();
  const added = (await bytes()) - stored;
  console.log(
    `per event: take ${perEvent(take)} µs, terms ${perEvent(terms)} µs, index ${perEvent(index)} µs (longest batch ${longest.toFixed(0)} ms),`,
    `CPU of this process ${perEvent((used.user + used.system) / 1000)} µs, ${Math.round(added / events)} of ${Math.round(stored / events)} bytes`,
  );
  await ask20(storage);
}

async function runSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-bench-'));
  try {
    const path = join(folder, 'bench.db');
    const clock = { now: () => Date.now(), after: () => () => {} };
    const log = { info() {}, warn() {}, error() {} };
    const storage = await openSqlite({ path, form: 'worker', clock, log });
    await run(storage, async () => statSync(path).size);
    await storage.upkeep.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runPostgres(): Promise<void> {
  const settings = {
    shared_buffers: '512MB',
    max_wal_size: '4GB',
    shared_preload_libraries: 'pg_stat_statements',
  };
  const server = await startPostgres({ durable: true, settings });
  try {
    const url = await server.createDatabase();
    const storage = await openPostgresStore(url);
    const size = async () =>
      Number(
        (await ask<{ size: string }>(url, 'SELECT pg_database_size(current_database()) AS size'))[0]!.size,
      );
    const { work } = await watchDatabase(url, () => run(storage, size));
    console.log(
      `all in all: ${Math.round(work.walBytes / events)} bytes of WAL, ${(work.cpuMicros / events).toFixed(0)} µs of the database's CPU per event`,
    );
    await closePostgresStore(storage);
  } finally {
    await server.stop();
  }
}

await (store === 'postgres' ? runPostgres() : runSqlite());
