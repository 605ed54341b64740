/** What accepts are told, and the outbox. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplicationId, EventId, OrganizationId } from '../../core/ids.ts';
import type { AcceptResult, OutboxEntry } from '../../ports/intake.ts';
import type { Session } from './connection.ts';
import type { WriteAnswer, WriteRefusal } from './write-batch.ts';

/** Reads the answer to a batch, by the numbers of its events. */
export class AcceptResults {
  readonly #base: number;
  readonly #refusals: ReadonlyMap<number, WriteRefusal>;
  readonly #versions: ReadonlyMap<number, number>;

  constructor({ base, refusals, orgs, versions }: WriteAnswer) {
    this.#base = base;
    this.#refusals = new Map(refusals.map((refusal) => [refusal.k, refusal]));
    this.#versions = new Map(orgs?.map((no, i) => [no, versions![i]!]));
  }

  of(number: number, organizationNo: number): AcceptResult {
    const refusal = this.#refusals.get(number);
    if (refusal !== undefined) return refused(refusal);
    const catalogVersion = this.#versions.get(organizationNo)!;
    return { kind: 'accepted', seq: this.#base + number - 1, catalogVersion };
  }
}

function refused(refusal: WriteRefusal): AcceptResult {
  switch (refusal.kind) {
    case 'stale':
      return { kind: 'stale', catalogVersion: refusal.version };
    case 'duplicate':
      return { kind: 'duplicate', id: refusal.id as EventId };
    case 'replayed':
      return { kind: 'replayed', status: refusal.status, response: refusal.response };
    case 'key-reused':
    case 'taken-out':
      return { kind: refusal.kind };
    case 'undecided':
      throw new Error('Only events that an attempt causes depend on one.');
  }
}

interface OutboxRow {
  readonly no: number;
  readonly organization_id: OrganizationId;
  readonly application_id: ApplicationId;
  readonly id: EventId;
  readonly type: string;
  readonly event_id: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  readonly ordering_key: string | null;
  readonly content: Buffer;
}

const DECIDED = 'xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint';
/** How long a read waits, in all, for what is not decided yet. */
const WAITS_MS: readonly number[] = [10, 20, 40, 80];

/**
 * In the order in which their transactions began to write; none that another could still come before. Those that were
 * committed a moment ago are so when the transactions that are older have ended, which is soon.
 */
export async function takeOutbox(session: Session, limit: number): Promise<readonly OutboxEntry[]> {
  for (const waitMs of WAITS_MS) {
    const entries = await readOutbox(session, limit);
    if (entries.length > 0 || !(await hasUndecided(session))) return entries;
    await sleep(waitMs);
  }
  return readOutbox(session, limit);
}

async function hasUndecided(session: Session): Promise<boolean> {
  const rows = await session.query(`SELECT 1 FROM outbox WHERE NOT ${DECIDED} LIMIT 1`);
  return rows.length > 0;
}

async function readOutbox(session: Session, limit: number): Promise<readonly OutboxEntry[]> {
  const rows = await session.query<OutboxRow>(
    `SELECT no, organization_id, application_id, id, type, event_id, channels, tags, ordering_key, content
     FROM outbox WHERE ${DECIDED} ORDER BY xid, no LIMIT $1`,
    [limit],
  );
  return rows.map(({ organization_id, application_id, event_id, ordering_key, ...row }) => ({
    ...row,
    organization: organization_id,
    applicationId: application_id,
    eventId: event_id,
    orderingKey: ordering_key,
  }));
}

export async function dropOutbox(session: Session, no: number): Promise<void> {
  await session.query('DELETE FROM outbox WHERE no = $1', [no]);
}
