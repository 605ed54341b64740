/**
 * Small integers for organizations, scopes, lanes and event types. The writer alone makes them and remembers them; a
 * rolled back batch forgets everything, because some may not exist after all.
 */
import type { Connection } from './connection.ts';

/** Remembered numbers; past them the memory starts anew. About 100 bytes each. */
const REMEMBERED_MAX = 200_000;

export interface Organization {
  readonly no: number;
  readonly id: string;
  catalogVersion: number;
  readonly scopes: Map<string, number>;
  readonly lanes: Map<string, Lane>;
  readonly types: Map<string, number>;
}

export interface Lane {
  readonly no: number;
  scopeNo: number | null;
  readonly isRemoved: boolean;
}

export class Interned {
  readonly #db: Connection;
  readonly #organizations = new Map<string, Organization>();
  #remembered = 0;

  constructor(db: Connection) {
    this.#db = db;
  }

  forget(): void {
    this.#organizations.clear();
    this.#remembered = 0;
  }

  /** Makes the organization when it is new. */
  organization(id: string, now: number): Organization {
    const known = this.#organizations.get(id);
    if (known !== undefined) return known;
    this.#db.run(
      'INSERT INTO organization (id, catalog_version, created_at) VALUES (?, 0, ?) ON CONFLICT (id) DO NOTHING',
      id,
      now,
    );
    return this.findOrganization(id)!;
  }

  findOrganization(id: string): Organization | undefined {
    const known = this.#organizations.get(id);
    if (known !== undefined) return known;
    const row = this.#db.get<{ no: number; catalog_version: number }>(
      'SELECT no, catalog_version FROM organization WHERE id = ?',
      id,
    );
    if (row === undefined) return undefined;
    if (++this.#remembered > REMEMBERED_MAX) this.forget();
    const organization = {
      no: row.no,
      id,
      catalogVersion: row.catalog_version,
      scopes: new Map(),
      lanes: new Map(),
      types: new Map(),
    };
    this.#organizations.set(id, organization);
    return organization;
  }

  scope(organization: Organization, applicationId: string): number {
    const known = organization.scopes.get(applicationId);
    if (known !== undefined) return known;
    const no =
      this.findScope(organization, applicationId) ??
      this.#insert(
        'INSERT INTO scope (organization_no, application_id) VALUES (?, ?)',
        organization.no,
        applicationId,
      );
    this.#remember(organization.scopes, applicationId, no);
    return no;
  }

  findScope(organization: Organization, applicationId: string): number | undefined {
    return this.#db.get<{ no: number }>(
      'SELECT no FROM scope WHERE organization_no = ? AND application_id = ?',
      organization.no,
      applicationId,
    )?.no;
  }

  /** Makes the lane when it is new, and tells it its scope when the first event comes. */
  lane(organization: Organization, destinationId: string, scopeNo: number | null): Lane {
    let lane = this.findLane(organization, destinationId);
    if (lane === undefined) {
      const no = this.#insert(
        'INSERT INTO lane (organization_no, destination_id, scope_no) VALUES (?, ?, ?)',
        organization.no,
        destinationId,
        scopeNo,
      );
      lane = { no, scopeNo, isRemoved: false };
      this.#remember(organization.lanes, destinationId, lane);
    } else if (lane.scopeNo === null && scopeNo !== null) {
      this.#db.run('UPDATE lane SET scope_no = ? WHERE no = ?', scopeNo, lane.no);
      lane.scopeNo = scopeNo;
    }
    return lane;
  }

  findLane(organization: Organization, destinationId: string): Lane | undefined {
    const known = organization.lanes.get(destinationId);
    if (known !== undefined) return known;
    const row = this.#db.get<{ no: number; scope_no: number | null; removed_at: number | null }>(
      'SELECT no, scope_no, removed_at FROM lane WHERE organization_no = ? AND destination_id = ?',
      organization.no,
      destinationId,
    );
    if (row === undefined) return undefined;
    const lane = { no: row.no, scopeNo: row.scope_no, isRemoved: row.removed_at !== null };
    this.#remember(organization.lanes, destinationId, lane);
    return lane;
  }

  /** A tombstone: what was planned before the removal and comes after it is not queued. */
  removeLane(organization: Organization, destinationId: string, now: number): void {
    const { no } = this.lane(organization, destinationId, null);
    this.#db.run('UPDATE lane SET removed_at = ? WHERE no = ?', now, no);
    organization.lanes.delete(destinationId);
  }

  reviveLane(organization: Organization, destinationId: string): void {
    const revived = this.#db.run(
      'UPDATE lane SET removed_at = NULL WHERE organization_no = ? AND destination_id = ? AND removed_at IS NOT NULL',
      organization.no,
      destinationId,
    );
    if (revived > 0) organization.lanes.delete(destinationId);
  }

  type(organization: Organization, name: string): number {
    const known = organization.types.get(name);
    if (known !== undefined) return known;
    const no =
      this.#db.get<{ no: number }>(
        'SELECT no FROM type WHERE organization_no = ? AND name = ?',
        organization.no,
        name,
      )?.no ?? this.#insert('INSERT INTO type (organization_no, name) VALUES (?, ?)', organization.no, name);
    this.#remember(organization.types, name, no);
    return no;
  }

  #insert(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.#db.prepare(sql).run(...values).lastInsertRowid);
  }

  /** A full memory is emptied whole; callers keep the objects they already hold. */
  #remember<Value>(numbers: Map<string, Value>, name: string, value: Value): void {
    if (++this.#remembered > REMEMBERED_MAX) this.forget();
    numbers.set(name, value);
  }
}
