/**
 * CPU µs that the store costs per delivered event: accept (1 KB, one delivery) and record (success), through the
 * public ports, all threads counted. `node bench/storage.ts [callers] [events] [worker|inline]`
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApplicationId, type DestinationId, newId, type OrganizationId } from '../src/core/ids.ts';
import type { Acceptance } from '../src/ports/intake.ts';
import type { AttemptRecord } from '../src/ports/queue.ts';
import type { Storage } from '../src/ports/storage.ts';
import { openSqlite } from '../src/storage/sqlite/open.ts';

const CONTENT_BYTES = 1024;
const ORGANIZATION = 'org_23rb8YdGqMT0qIzpgGwdXfHirMu' as OrganizationId;
const DAY_MS = 86_400_000;
const RESPONSE = Buffer.from('{"ok":true}');

const callers = (process.argv[2] ?? '64,256').split(',').map(Number);
const events = Number(process.argv[3] ?? 50_000);
const form = process.argv[4] === 'inline' ? 'inline' : 'worker';

const clock = { now: () => Date.now(), after: () => () => {} };
const log = { info() {}, warn() {}, error() {} };

/** Ids are made beforehand: they are the engine's cost, not the store's. */
function makeIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => newId(Date.now() + i / 20, randomBytes(15)));
}

function acceptanceOf(id: string, applicationId: ApplicationId, destinationId: DestinationId): Acceptance {
  const now = Date.now();
  return {
    organization: ORGANIZATION,
    event: {
      id: id as Acceptance['event']['id'],
      applicationId,
      received: null,
      type: 'invoice.paid',
      eventId: null,
      channels: null,
      tags: null,
      method: 'POST',
      contentType: 'application/json',
      headers: null,
      orderingKey: null,
      retryScheduleMs: null,
      acceptedAt: now,
      contentExpiresAt: now + 90 * DAY_MS,
      deliverAt: 0,
    },
    content: Buffer.alloc(CONTENT_BYTES, 'x'),
    destinations: [destinationId],
    idempotency: null,
    catalogVersion: null,
    outboxNo: null,
  };
}

function recordOf(acceptance: Acceptance, seq: number, attemptId: string): AttemptRecord {
  const attempt = {
    id: attemptId as AttemptRecord['attempt']['id'],
    eventId: acceptance.event.id,
    destinationId: acceptance.destinations[0]!,
    url: 'http://127.0.0.1:8080/hooks/receiver',
    outcome: 'answered',
    statusCode: 200,
    response: RESPONSE,
    durationMs: 3,
    startedAt: acceptance.event.acceptedAt,
    trigger: 'scheduled',
    number: 1,
    status: 'delivered',
    nextAttemptAt: null,
  } as const;
  return {
    organization: ORGANIZATION,
    epoch: 0,
    seq,
    attempt,
    next: { kind: 'settled' },
    health: undefined,
    publish: [],
  };
}

async function measure(storage: Storage, concurrency: number): Promise<string> {
  const ids = makeIds(events * 2);
  const applicationId = newId<'application'>(Date.now(), randomBytes(15));
  const destinationId = newId<'destination'>(Date.now(), randomBytes(15));
  let next = 0;
  const call = async () => {
    while (next < events) {
      const i = next++;
      const acceptance = acceptanceOf(ids[i]!, applicationId, destinationId);
      const accepted = await storage.intake.accept(acceptance);
      if (accepted.kind !== 'accepted') throw new Error(accepted.kind);
      // A delivery takes a while: its record must not ride in the caller's own turn.
      void storage.queue.record(recordOf(acceptance, accepted.seq, ids[events + i]!));
    }
  };
  const cpu = process.cpuUsage();
  const main = process.threadCpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrency }, call));
  await storage.upkeep.ping();
  const perEvent = (value: { user: number; system: number }) =>
    ((value.user + value.system) / events).toFixed(1);
  const perSecond = Math.round(events / ((performance.now() - startedAt) / 1000));
  return `${concurrency} callers: ${perEvent(process.cpuUsage(cpu))} µs per event (${perEvent(process.threadCpuUsage(main))} on the caller's thread), ${perSecond} events/s`;
}

const folder = mkdtempSync(join(tmpdir(), 'posthorn-bench-'));
try {
  const storage = await openSqlite({ path: join(folder, 'bench.db'), form, clock, log });
  await measure(storage, 64);
  for (const concurrency of callers) console.log(form, await measure(storage, concurrency));
  await storage.upkeep.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
