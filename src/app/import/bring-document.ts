/** One document into the store: made, changed where it differs, or left alone. */
import { isDeepStrictEqual } from 'node:util';
import type { ResourceKind, Resources } from '../../core/catalog/resources.ts';
import { type ApplicationId, type DestinationId, newId, renderId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { auditDiff } from '../../engine/audit-diff.ts';
import { changeOf, isForgiven, stamped } from '../../engine/edits.ts';
import type { Edit } from '../../engine/engine.ts';
import type { Maker } from '../../http/operations/endpoint/signing-keys.ts';
import type { ChangeResult, ResourceRef } from '../../ports/catalog.ts';
import type { Storage } from '../../ports/storage.ts';
import type { ImportedKind, ImportReport } from './import-report.ts';
import type { RemoteServer } from './remote-server.ts';

/** What every part of an import works with. */
export interface ImportRun {
  readonly remote: RemoteServer;
  readonly storage: Pick<Storage, 'catalog'>;
  readonly maker: Maker;
  readonly report: ImportReport;
  readonly dryRun: boolean;
}

export interface Wanted<K extends ResourceKind> {
  readonly kind: K;
  readonly counted: ImportedKind;
  /** How people know it: the other server's id and uid. */
  readonly subject: string;
  /** For the audit log. */
  readonly action: string;
  /** By what it is known here. */
  readonly ref: ResourceRef;
  readonly owner: ApplicationId | null;
  readonly uid: string | null;
  /** What it is to be; `before` is what is here. Throws Problem when it cannot be that. */
  build(before: Resources[K] | null): Resources[K];
  /** What changes with it. */
  alongside?(after: Resources[K]): Promise<readonly Edit[]>;
}

const STALE_RUNS_MAX = 5;
const RANDOM_ID_BYTES = 15;

/** The document as it is here now; null = it was skipped, and the report says why. */
export async function bringDocument<K extends ResourceKind>(
  run: ImportRun,
  wanted: Wanted<K>,
): Promise<Resources[K] | null> {
  const { counted, subject } = wanted;
  try {
    for (let times = 1; times <= STALE_RUNS_MAX; times++) {
      const before = await findFree(run, wanted);
      const after = wanted.build(before);
      if (before !== null && isSame(before, after)) {
        run.report.brought(counted, 'unchanged');
        return before;
      }
      const edits = [editOf(wanted.kind, before, after), ...((await wanted.alongside?.(after)) ?? [])];
      const result = run.dryRun ? DONE : await write(run, wanted.action, edits);
      if (result.kind === 'id-taken')
        throw new Problem(
          'conflict',
          'Its id belongs here to another organization, into which it was imported before: use that one, or a store of its own.',
        );
      if (result.kind === 'uid-taken') throw uidTaken(wanted, 'another resource');
      if (result.kind !== 'done') continue;
      run.report.brought(counted, before === null ? 'new' : 'updated');
      return after;
    }
    throw new Problem('conflict', 'Others keep changing it here: run the import again.');
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.code === 'unavailable') throw cause;
    run.report.skip(counted, subject, reasonOf(cause));
    return null;
  }
}

/** A refusal of the API in words for a report: its fields are not those of a request. */
export function reasonOf(problem: Problem): string {
  return problem.message.replace(/^body\./, '');
}

const DONE = { kind: 'done' } as const;

async function findFree<K extends ResourceKind>(
  { storage, maker }: ImportRun,
  wanted: Wanted<K>,
): Promise<Resources[K] | null> {
  const { kind, ref, owner, uid } = wanted;
  const before = await storage.catalog.find(maker.organization, kind, ref, undefined);
  if (before !== null && before.ownerId !== owner)
    throw new Problem(
      'conflict',
      `Its id belongs here to ${before.ownerId === null ? 'the organization' : renderId(before.ownerId, 'application')}: delete that one.`,
    );
  if (uid === null || 'uid' in ref) return before;
  const holder = await storage.catalog.find(maker.organization, kind, { uid }, owner);
  if (holder !== null && holder.id !== before?.id && holder.id !== ref.id)
    throw uidTaken(wanted, nameOf(kind, holder.id));
  return before;
}

function uidTaken({ uid }: { readonly uid: string | null }, holder: string): Problem {
  return new Problem(
    'conflict',
    `Its uid ${JSON.stringify(uid)} is taken here by ${holder}: change one of the two.`,
  );
}

function nameOf(kind: ResourceKind, id: string): string {
  if (kind === 'application') return renderId(id, 'application');
  return kind === 'destination' ? renderId(id, 'endpoint') : id;
}

function editOf<K extends ResourceKind>(kind: K, before: Resources[K] | null, after: Resources[K]): Edit {
  return { kind, before, after } as unknown as Edit;
}

function write({ storage, maker }: ImportRun, action: string, given: readonly Edit[]): Promise<ChangeResult> {
  const now = maker.clock.now();
  const edits = given.map((edit) => stamped(edit, now));
  return storage.catalog.write({
    organization: maker.organization,
    changes: edits.map(changeOf),
    audit: edits.map((edit) => ({
      id: newId(now, maker.dice.bytes(RANDOM_ID_BYTES)),
      at: now,
      actorKind: 'cli',
      actorId: 'import',
      action,
      ...auditDiff(edit),
    })),
    idempotency: null,
    // Operational webhooks told of these endpoints when they were made, elsewhere and long ago.
    publish: [],
    forgetHealth: edits.filter(isForgiven).map((edit) => edit.after?.id as DestinationId),
  });
}

/** Apart from what each write changes. */
function isSame(before: object, after: object): boolean {
  const { updatedAt: _was, version: _old, ...old } = before as Record<string, unknown>;
  const { updatedAt: _is, version: _new, ...wanted } = after as Record<string, unknown>;
  return isDeepStrictEqual(unordered(old), unordered(wanted));
}

/** Lists of names are sets: other servers tell them in any order. */
export function unordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value.every((item) => typeof item === 'string') ? value.toSorted() : value.map(unordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unordered(member)]));
}
