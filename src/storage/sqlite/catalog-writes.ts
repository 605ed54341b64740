/** Change sets of the catalog inside the writer's transaction; the caller rolls a refused one back. */
import { UNVERSIONED_KINDS } from '../../core/catalog/resources.ts';
import { RECEIVED } from '../../core/ids.ts';
import type { AuditEntry, Change, ChangeResult } from '../../ports/catalog.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import type { Connection } from './connection.ts';
import type { IntakeWrites } from './intake.ts';
import type { Interned, Organization } from './interned.ts';
import type { QueueWrites } from './queue-writes.ts';

type Refusal = 'uid-taken' | 'id-taken' | 'stale';
/** Kinds whose ids no two organizations may share. */
const MUST_BE_ALONE: ReadonlySet<string> = new Set(['application', 'destination', 'source']);

export class CatalogWrites {
  readonly #db: Connection;
  readonly #interned: Interned;
  readonly #intake: IntakeWrites;
  readonly #queue: QueueWrites;

  constructor(db: Connection, parts: { interned: Interned; intake: IntakeWrites; queue: QueueWrites }) {
    this.#db = db;
    this.#interned = parts.interned;
    this.#intake = parts.intake;
    this.#queue = parts.queue;
  }

  openOrganization(id: string, now: number): number {
    return this.#interned.organization(id, now).catalogVersion;
  }

  change(op: WriteOpOf<'change'>, now: number): ChangeResult {
    const { change } = op;
    const organization = this.#interned.organization(change.organization, now);
    if (change.idempotency !== null) {
      const answered = this.#intake.findAnswered(organization, change.idempotency, now);
      if (answered !== null) return answered;
    }
    for (const [index, each] of change.changes.entries()) {
      const refused = this.#apply(organization, each, now);
      if (refused !== null) return { kind: refused, change: index };
    }
    for (const destinationId of change.forgetHealth) this.#queue.forgetHealth(organization, destinationId);
    this.#writeAudit(organization, change.audit);
    if (!change.changes.every(({ kind }) => UNVERSIONED_KINDS.has(kind))) this.#bump(organization);
    if (change.idempotency !== null) this.#intake.rememberAnswer(organization, change.idempotency);
    const published = op.publish.map((event) => {
      const accepted = this.#intake.accept(event, now);
      return accepted.kind === 'accepted' ? accepted.seq : 0;
    });
    return { kind: 'done', catalogVersion: organization.catalogVersion, published };
  }

  #bump(organization: Organization): void {
    organization.catalogVersion += 1;
    this.#db.run(
      'UPDATE organization SET catalog_version = ? WHERE no = ?',
      organization.catalogVersion,
      organization.no,
    );
  }

  #writeAudit(organization: Organization, entries: readonly AuditEntry[]): void {
    for (const entry of entries) {
      this.#db.run('INSERT INTO audit VALUES (?, ?, ?)', organization.no, entry.id, JSON.stringify(entry));
    }
  }

  #apply(organization: Organization, change: Change, now: number): Refusal | null {
    switch (change.op) {
      case 'insert':
        return this.#insert(organization, change);
      case 'update':
        return this.#update(organization, change);
      case 'remove':
        return this.#remove(organization, change, now);
    }
  }

  #insert(organization: Organization, change: Change & { op: 'insert' }): Refusal | null {
    const { resource, kind } = change;
    const owner = resource.ownerId ?? '';
    if (owner !== '' && owner !== RECEIVED && !this.#exists(organization, 'application', owner))
      return 'stale';
    if (this.#exists(organization, kind, resource.id)) return 'stale';
    if (this.#isUidTaken(organization, change)) return 'uid-taken';
    if (MUST_BE_ALONE.has(kind) && this.#isAnywhere(kind, resource.id)) return 'id-taken';
    // One that was removed and is made again under its old id (an import) is served again.
    if (kind === 'destination') this.#interned.reviveLane(organization, resource.id);
    this.#db.run(
      `INSERT INTO resource (organization_no, kind, owner_id, id, uid, version, doc) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      organization.no,
      kind,
      owner,
      resource.id,
      resource.uid,
      resource.version,
      JSON.stringify(resource),
    );
    return null;
  }

  #update(organization: Organization, change: Change & { op: 'update' }): Refusal | null {
    const { resource, kind } = change;
    if (this.#isUidTaken(organization, change)) return 'uid-taken';
    const changed = this.#db.run(
      `UPDATE resource SET uid = ?, version = ?, doc = ?
       WHERE organization_no = ? AND kind = ? AND id = ? AND version = ?`,
      resource.uid,
      resource.version,
      JSON.stringify(resource),
      organization.no,
      kind,
      resource.id,
      resource.version - 1,
    );
    return changed === 0 ? 'stale' : null;
  }

  #exists(organization: Organization, kind: string, id: string): boolean {
    const row = this.#db.get(
      'SELECT 1 FROM resource WHERE organization_no = ? AND kind = ? AND id = ?',
      organization.no,
      kind,
      id,
    );
    return row !== undefined;
  }

  #isAnywhere(kind: string, id: string): boolean {
    const row = this.#db.get(
      `SELECT 1 FROM resource WHERE kind = ? AND id = ? AND kind IN ('application', 'destination', 'source')`,
      kind,
      id,
    );
    return row !== undefined;
  }

  #isUidTaken(organization: Organization, { kind, resource }: Change & { op: 'insert' | 'update' }): boolean {
    if (resource.uid === null) return false;
    const row = this.#db.get(
      `SELECT 1 FROM resource
       WHERE organization_no = ? AND kind = ? AND uid = ? AND owner_id = ? AND id <> ?`,
      organization.no,
      kind,
      resource.uid,
      resource.ownerId ?? '',
      resource.id,
    );
    return row !== undefined;
  }

  /** Lanes of removed destinations become tombstones; the engine cancels what they still hold. */
  #remove(organization: Organization, { kind, id }: Change & { op: 'remove' }, now: number): 'stale' | null {
    const removed = this.#db.run(
      'DELETE FROM resource WHERE organization_no = ? AND kind = ? AND id = ?',
      organization.no,
      kind,
      id,
    );
    if (removed === 0) return 'stale';
    if (kind === 'destination') this.#removeLane(organization, id, now);
    if (kind === 'source') {
      this.#db.run('DELETE FROM rejection WHERE organization_no = ? AND source_id = ?', organization.no, id);
    }
    if (kind !== 'application') return null;
    const owned = this.#db.all<{ kind: string; id: string }>(
      'SELECT kind, id FROM resource WHERE organization_no = ? AND owner_id = ?',
      organization.no,
      id,
    );
    for (const each of owned) {
      if (each.kind === 'destination') this.#removeLane(organization, each.id, now);
    }
    this.#db.run('DELETE FROM resource WHERE organization_no = ? AND owner_id = ?', organization.no, id);
    return null;
  }

  #removeLane(organization: Organization, destinationId: string, now: number): void {
    this.#queue.forgetHealth(organization, destinationId);
    this.#interned.removeLane(organization, destinationId, now);
  }
}
