/** What people do: they publish, ask again when they got no answer, and change endpoints while things are under way. */
import { createHash } from 'node:crypto';
import type { Principal } from '../../src/core/access/access.ts';
import type { Destination } from '../../src/core/catalog/resources.ts';
import { type ApplicationId, type EventId, type OrganizationId, renderId } from '../../src/core/ids.ts';
import { Problem } from '../../src/core/problem.ts';
import type { IdempotencyKey, PublishRequest, PublishResult } from '../../src/engine/engine.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import type { EndpointFacts, PublishFact } from './facts.ts';
import type { Journal } from './journal.ts';
import type { Life } from './life.ts';
import type { EndpointAction, EndpointEdit, PublishAction } from './scenario.ts';

/** Tries of one idempotent publish, and of one edit. */
const TRIES_MAX = 6;
const TRY_AGAIN_MS = 400;
const DAY_MS = 86_400_000;

export interface PeopleParts {
  readonly clock: FakeClock;
  readonly journal: Journal;
  readonly applications: readonly { readonly organization: OrganizationId; readonly id: ApplicationId }[];
  /** The engine's present life; resolves when it is up. */
  readonly life: () => Promise<Life>;
}

export class People {
  readonly #parts: PeopleParts;
  #published = 0;
  /** Actions that have not come to their end. */
  busy = 0;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** Does one action; never rejects for what the engine may refuse. */
  async act(action: PublishAction | EndpointAction): Promise<void> {
    this.busy++;
    try {
      if (action.kind === 'publish') await this.#publish(action);
      else await this.#touch(action);
    } finally {
      this.busy--;
    }
  }

  async #publish(action: PublishAction): Promise<void> {
    const number = ++this.#published;
    const content = new TextEncoder().encode(JSON.stringify({ number, type: action.type }));
    const key = action.idempotent ? `publish-${number}` : null;
    const deliverAt = action.delayMs === 0 ? 0 : this.#parts.clock.now() + action.delayMs;
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const life = await this.#parts.life();
      const fact: PublishFact = {
        called: this.#parts.journal.moment(),
        number,
        attempt,
        application: action.application,
        action,
        idempotencyKey: key,
        answered: null,
        answer: null,
      };
      this.#parts.journal.facts.publishes.push(fact);
      const told = await this.#asks(life, `publish ${number}`, () =>
        this.#call(life, { action, content, key, deliverAt }),
      );
      if (told.kind === 'answered') {
        fact.answered = this.#parts.journal.moment();
        fact.answer = answerOf(told.value);
        this.#parts.journal.line(`publish ${number}: ${fact.answer.kind} ${fact.answer.id}`);
      }
      if (told.kind === 'answered' || key === null) return;
      await this.#sleep(TRY_AGAIN_MS);
    }
  }

  async #call(
    life: Life,
    {
      action,
      content,
      key,
      deliverAt,
    }: { action: PublishAction; content: Uint8Array; key: string | null; deliverAt: number },
  ): Promise<PublishResult> {
    const { organization, id } = this.#parts.applications[action.application]!;
    const application = await life.engine.directory.applicationById(organization, id);
    const request: PublishRequest = {
      organization,
      application,
      event: {
        type: action.type,
        eventId: action.eventId,
        channels: action.channels,
        tags: null,
        method: 'POST',
        contentType: 'application/json',
        headers: null,
        orderingKey: action.orderingKey,
        retryScheduleMs: action.retryScheduleMs,
        contentExpiresAt: this.#parts.clock.now() + 90 * DAY_MS,
        deliverAt,
      },
      content,
      idempotency: key === null ? null : idempotencyOf(key),
      reply: (event) => ({ status: 202, body: { id: renderId(event.id, 'message') } }),
      only: null,
    };
    return life.engine.publish(request);
  }

  async #touch(action: EndpointAction): Promise<void> {
    const endpoint = this.#parts.journal.facts.endpoints[action.endpoint]!;
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const life = await this.#parts.life();
      const name = `${action.kind} e${action.endpoint}`;
      const told = await this.#asks(life, name, async () => {
        if (action.kind === 'resend') return this.#resend(life, endpoint);
        if (action.kind === 'recover') return this.#recover(life, endpoint);
        return this.#edit(life, endpoint, action);
      });
      if (told.kind === 'answered') this.#parts.journal.line(`${name}: ${told.value}`);
      // A resend whose answer was lost is not asked for twice: people would get two.
      if ((told.kind === 'answered' && told.value !== 'stale') || action.kind === 'resend') return;
      if (told.kind === 'refused' && told.code === 'not_found') return;
      await this.#sleep(TRY_AGAIN_MS);
    }
  }

  async #resend(life: Life, endpoint: EndpointFacts): Promise<string> {
    const destination = await this.#read(life, endpoint);
    const accepted = this.#parts.journal.facts.accepts.findLast((fact) =>
      fact.acceptance.destinations.includes(endpoint.id),
    );
    if (accepted === undefined) return 'nothing to resend';
    await life.engine.resend(endpoint.organization, destination, accepted.acceptance.event.id);
    return `resent ${accepted.acceptance.event.id}`;
  }

  async #recover(life: Life, endpoint: EndpointFacts): Promise<string> {
    const destination = await this.#read(life, endpoint);
    const reply = await life.engine.tasks.start({
      organization: endpoint.organization,
      principal: principalOf(endpoint.organization),
      task: 'endpoint.recover',
      input: { applicationId: destination.ownerId, destinationId: destination.id, since: 0, until: null },
      idempotency: idempotencyOf(`recover ${endpoint.index}`),
      reply: (task) => ({ status: 202, body: { id: task.id } }),
    });
    return `recover ${reply.status}`;
  }

  async #edit(life: Life, endpoint: EndpointFacts, action: EndpointEdit): Promise<string> {
    const before = await this.#read(life, endpoint);
    const result = await life.engine.commit({
      organization: endpoint.organization,
      principal: principalOf(endpoint.organization),
      edits: [{ kind: 'destination', before, after: edited(before, action) }],
      action: `endpoint.${action.kind}`,
      idempotency: null,
      reply: { status: 200, body: undefined },
    });
    return result.kind;
  }

  #read(life: Life, endpoint: EndpointFacts): Promise<Destination> {
    const owner = this.#parts.applications[endpoint.plan.application]!.id;
    return life.engine.directory.destination(endpoint.organization, owner, renderId(endpoint.id, 'endpoint'));
  }

  /** Waits for an answer for as long as the process lives. Anything but a Problem is a bug, and ends the run. */
  async #asks<T>(
    life: Life,
    name: string,
    ask: () => Promise<T>,
  ): Promise<{ kind: 'answered'; value: T } | { kind: 'refused'; code: string } | { kind: 'died' }> {
    try {
      const told = await Promise.race([
        ask().then((value) => ({ kind: 'answered' as const, value })),
        life.death,
      ]);
      return told === 'died' ? { kind: 'died' } : told;
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      this.#parts.journal.line(`${name}: refused, ${cause.code}: ${cause.message}`);
      return { kind: 'refused', code: cause.code };
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }
}

export function principalOf(organization: OrganizationId): Principal {
  return {
    kind: 'organization-token',
    organization,
    applicationId: null,
    role: 'owner',
    scopes: ['*'],
    actorId: organization,
    featureFlags: null,
  };
}

function idempotencyOf(key: string): IdempotencyKey {
  const hash = (text: string): Uint8Array => createHash('sha256').update(text).digest();
  return { keyHash: hash(key), bodyHash: hash(`body of ${key}`) };
}

function answerOf(result: PublishResult): NonNullable<PublishFact['answer']> {
  if (result.kind === 'accepted') return { kind: 'accepted', id: result.event.id };
  if (result.kind === 'duplicate') return { kind: 'duplicate', id: result.id };
  const { body } = result.reply;
  const { id } = (typeof body === 'string' ? JSON.parse(body) : body) as { id: string };
  return { kind: 'replayed', id: id.replace('msg_', '') as EventId };
}

function edited(before: Destination, action: EndpointEdit): Destination | null {
  switch (action.kind) {
    case 'remove':
      return null;
    case 'disable':
      return { ...before, disabled: true, disabledReason: 'by hand' };
    case 'enable':
      return { ...before, disabled: false, disabledReason: null };
    case 'edit-url':
      return { ...before, url: before.url.replace(/\d+$/, (form) => String(Number(form) + 1)) };
    case 'set-concurrency':
      return { ...before, concurrency: action.concurrency };
  }
}
