/**
 * Writes what people configure: documents, audit lines and the operational events that follow, in one transaction;
 * then lets the directory and the lanes know. A destination that was disabled or removed has its lane canceled.
 */
import type { Application, Destination, ResourceKind } from '../core/catalog/resources.ts';
import { type ApplicationId, type DestinationId, newId, type OrganizationId, RECEIVED } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { AuditEntry, ChangeResult, ChangeSet } from '../ports/catalog.ts';
import type { Acceptance } from '../ports/intake.ts';
import { auditDiff } from './audit-diff.ts';
import { refuseTooManyDestinations } from './destination-limit.ts';
import type { CachedDirectory, IndexedOwner } from './directory.ts';
import { changeOf, isForgiven, stamped } from './edits.ts';
import type { CommitRequest, CommitResult, Edit, EngineParts } from './engine.ts';
import { idempotencyRecord, keyReused, replayedReply } from './idempotency.ts';
import type { LaneCare } from './lane-care.ts';
import type { OperationalEvents } from './operational.ts';
import type { Publisher } from './publisher.ts';

const RANDOM_ID_BYTES = 15;
/** Kinds that move many times a minute and say nothing about configuration. */
const UNAUDITED_UPDATES: ReadonlySet<ResourceKind> = new Set(['poller-consumer', 'source-state']);
const SYSTEM_STALE_RUNS = 20;

/** Who did it, for the audit log. */
type Actor = Pick<AuditEntry, 'actorId'> & { readonly kind: AuditEntry['actorKind'] };
const SYSTEM: Actor = { kind: 'system', actorId: 'engine' };
type WriteRequest = Omit<CommitRequest, 'principal'> & { readonly principal: Actor };

type DestinationEdit = Extract<Edit, { readonly kind: 'destination' }>;

export interface CommitterOptions {
  readonly directory: CachedDirectory;
  readonly operational: OperationalEvents;
  readonly publisher: Publisher;
  /** A source was made, changed or removed here. */
  readonly sourcesChanged: () => void;
  readonly care: LaneCare;
}

export class Committer {
  readonly #parts: EngineParts;
  readonly #options: CommitterOptions;

  constructor(parts: EngineParts, options: CommitterOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  async commit(request: CommitRequest): Promise<CommitResult> {
    await refuseTooManyDestinations(request, this.#options.directory);
    const result = await this.#write(request, null);
    switch (result.kind) {
      case 'done':
        return { kind: 'done', reply: request.reply };
      case 'stale':
        return { kind: 'stale' };
      case 'replayed':
        return { kind: 'replayed', reply: replayedReply(result) };
      case 'key-reused':
        throw keyReused();
      case 'id-taken':
        throw new Problem('conflict', 'Another organization has a resource of this id: leave the id out.');
      case 'uid-taken':
        throw uidTaken(request.edits[result.change]);
    }
  }

  /** Disables a destination by itself. Others may write it meanwhile: what they wrote stays. */
  async disable(
    destination: Destination,
    {
      organization,
      reason,
      failingSince,
    }: { organization: OrganizationId; reason: string; failingSince: number },
  ): Promise<void> {
    for (let run = 1; run <= SYSTEM_STALE_RUNS; run++) {
      const before = await this.#parts.storage.catalog.find(
        organization,
        'destination',
        { id: destination.id },
        destination.ownerId,
      );
      if (before === null || before.disabled) return;
      const after: Destination = { ...before, disabled: true, disabledReason: reason };
      const result = await this.#write(
        {
          organization,
          principal: SYSTEM,
          edits: [{ kind: 'destination', before, after }],
          action: 'endpoint.disable',
          idempotency: null,
          reply: { status: 200, body: undefined },
        },
        failingSince || null,
      );
      if (result.kind === 'stale') continue;
      this.#parts.log.warn('endpoint.disabled', { organization, destinationId: destination.id, reason });
      return;
    }
    throw new Problem(
      'unavailable',
      'Others keep changing the endpoint: it is disabled at the next failure.',
    );
  }

  /** Writes what Posthorn itself has decided or noted. `stale`: somebody else wrote first. */
  async commitOwn(
    organization: OrganizationId,
    edits: readonly Edit[],
    action: string,
    publish: readonly Acceptance[] = [],
  ): Promise<'done' | 'stale'> {
    const request = { organization, principal: SYSTEM, edits, action };
    const result = await this.#write(
      { ...request, idempotency: null, reply: { status: 200, body: undefined } },
      null,
      publish,
    );
    return result.kind === 'done' ? 'done' : 'stale';
  }

  async #write(
    request: WriteRequest,
    failingSince: number | null,
    told: readonly Acceptance[] = [],
  ): Promise<ChangeResult> {
    const { organization } = request;
    const now = this.#parts.clock.now();
    await this.#options.directory.open(organization);
    const edits = request.edits.map((edit) => stamped(edit, now));
    const publish = [...(await this.#eventsOf(request, edits, failingSince)), ...told];
    const change: ChangeSet = {
      organization,
      changes: edits.map(changeOf),
      audit: this.#auditOf(request, edits, now),
      idempotency: idempotencyRecord(request.idempotency, () => request.reply, now),
      publish,
      forgetHealth: edits.filter(isForgiven).map((edit) => (edit.after ?? edit.before)?.id as DestinationId),
    };
    let result: ChangeResult;
    try {
      result = await this.#parts.storage.catalog.write(change);
    } catch (cause) {
      // The store may have taken it although it did not say so.
      this.#options.directory.dropAll(organization);
      for (const acceptance of publish) this.#options.publisher.doubt(acceptance);
      throw cause;
    }
    if (result.kind === 'done') this.#afterwards(organization, edits, { publish, ...result });
    return result;
  }

  #afterwards(
    organization: OrganizationId,
    edits: readonly Edit[],
    done: { catalogVersion: number; publish: readonly Acceptance[]; published: readonly number[] },
  ): void {
    const { directory, care, publisher } = this.#options;
    directory.changed(organization, done.catalogVersion, edits);
    for (const edit of edits) {
      if (edit.kind === 'destination') this.#tellLane(organization, edit);
      else if (edit.kind === 'source') this.#options.sourcesChanged();
      else if (edit.kind === 'application' && edit.after === null)
        care.ownerRemoved(organization, edit.before?.id as ApplicationId);
    }
    for (const [index, acceptance] of done.publish.entries()) {
      const seq = done.published[index];
      if (seq === undefined) publisher.announce(acceptance);
      else publisher.handOff(acceptance, seq);
    }
  }

  #tellLane(organization: OrganizationId, edit: DestinationEdit): void {
    const { care } = this.#options;
    const { before, after } = edit;
    if (before === null) return;
    const key = { organization, destinationId: before.id };
    if (after === null || (after.disabled && !before.disabled)) care.closed(key);
    else if (before.disabled && !after.disabled) care.reopened(key);
    else care.changed(key, { isForgiven: isForgiven(edit) });
  }

  async #eventsOf(
    request: WriteRequest,
    edits: readonly Edit[],
    failingSince: number | null,
  ): Promise<Acceptance[]> {
    const accepted: Acceptance[] = [];
    for (const edit of edits) {
      if (edit.kind !== 'destination') continue;
      const destination = edit.after ?? edit.before;
      // What is polled is no endpoint to those who read these events.
      if (
        destination === null ||
        destination.ownerId === null ||
        destination.ownerId === RECEIVED ||
        destination.kind === 'poller'
      )
        continue;
      const application = await this.#applicationOf(request, destination.ownerId);
      if (application === null) continue;
      for (const type of endpointEventsOf(edit, request.principal)) {
        const story = { organization: request.organization, application, destination, failingSince };
        accepted.push(...(await this.#options.operational.ofEndpoint(type, story)));
      }
    }
    return accepted;
  }

  async #applicationOf(
    { organization, edits }: WriteRequest,
    id: ApplicationId,
  ): Promise<Application | null> {
    for (const edit of edits) if (edit.kind === 'application' && edit.after?.id === id) return edit.after;
    const owner: IndexedOwner | undefined = await this.#options.directory.owner(organization, id);
    return owner?.application ?? null;
  }

  #auditOf(request: WriteRequest, edits: readonly Edit[], now: number): AuditEntry[] {
    const { principal, action, subject } = request;
    const audited = edits.filter((edit) => edit.before === null || !UNAUDITED_UPDATES.has(edit.kind));
    const subjects = audited.map(auditDiff);
    if (subject !== undefined) subjects.push({ subject, before: null, after: null });
    return subjects.map((told) => ({
      id: newId(now, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      at: now,
      actorKind: principal.kind,
      actorId: principal.actorId,
      action,
      ...told,
    }));
  }
}

function endpointEventsOf({ before, after }: DestinationEdit, principal: Actor) {
  if (before === null) return ['endpoint.created'] as const;
  if (after === null) return ['endpoint.deleted'] as const;
  if (!after.disabled || before.disabled) return ['endpoint.updated'] as const;
  return principal.kind === 'system'
    ? (['endpoint.disabled'] as const)
    : (['endpoint.updated', 'endpoint.disabled'] as const);
}

function uidTaken(edit: Edit | undefined): Problem {
  if (edit?.kind === 'event-type')
    return new Problem(
      'event_type_exists',
      'An event type of this name exists: update it, or choose another name.',
    );
  return new Problem('conflict', 'This uid is taken: choose another, or update what has it.');
}
