/** Makes the applications and endpoints of a scenario, through the engine. */
import { type ApplicationId, type DestinationId, newId, type OrganizationId } from '../../src/core/ids.ts';
import type { Edit, Vault } from '../../src/engine/engine.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import type { SeededDice } from '../support/seeded-dice.ts';
import type { EndpointFacts } from './facts.ts';
import type { Journal } from './journal.ts';
import type { Life } from './life.ts';
import { principalOf } from './people.ts';
import type { ApplicationPlan, EndpointPlan, Scenario } from './scenario.ts';

export interface Placed {
  readonly organization: OrganizationId;
  readonly id: ApplicationId;
}

export interface SetUpParts {
  readonly scenario: Scenario;
  readonly clock: FakeClock;
  readonly dice: SeededDice;
  readonly journal: Journal;
}

/** The applications by index. */
export async function setUp(parts: SetUpParts, life: Life): Promise<Placed[]> {
  const placed: Placed[] = [];
  for (const plan of parts.scenario.applications) placed.push(await addApplication(parts, life, plan));
  for (const [index, plan] of parts.scenario.endpoints.entries()) {
    await addEndpoint(parts, life, { index, plan, application: placed[plan.application]! });
  }
  return placed;
}

async function addApplication(parts: SetUpParts, life: Life, plan: ApplicationPlan): Promise<Placed> {
  const organization = plan.organization as OrganizationId;
  const id: ApplicationId = newId(parts.clock.now(), parts.dice.bytes(15));
  await commit(life, organization, {
    kind: 'application',
    before: null,
    after: {
      ...fresh(parts, id, null),
      name: 'Simulated',
      throttleRate: plan.throttleRate,
      metadata: {},
      tokensValidFrom: 0,
    },
  });
  return { organization, id };
}

async function addEndpoint(
  parts: SetUpParts,
  life: Life,
  { index, plan, application }: { index: number; plan: EndpointPlan; application: Placed },
): Promise<void> {
  const id: DestinationId = newId(parts.clock.now(), parts.dice.bytes(15));
  const host = `e${index}.sim.test`;
  const { organization } = application;
  const facts: EndpointFacts = { index, plan, organization, id, host, forms: [] };
  parts.journal.facts.endpoints.push(facts);
  await commit(life, organization, {
    kind: 'destination',
    before: null,
    after: {
      ...fresh(parts, id, application.id),
      id,
      kind: 'http',
      url: `http://${host}/v1`,
      description: '',
      eventTypes: plan.eventTypes,
      channels: plan.channels,
      disabled: false,
      disabledReason: null,
      metadata: {},
      keys: [newKey(parts, life.engine.vault, { organization, id })],
      headers: null,
      throttleRate: plan.throttleRate,
      concurrency: plan.concurrency,
      timeoutMs: plan.timeoutMs,
      retryScheduleMs: plan.retryScheduleMs,
      ordering: plan.ordering,
      method: null,
      auth: null,
      tls: null,
      allowHttp2: false,
      transformation: null,
    },
  });
}

function newKey(
  { clock, dice }: SetUpParts,
  vault: Vault,
  { organization, id }: { organization: OrganizationId; id: DestinationId },
) {
  const secret = `whsec_${Buffer.from(dice.bytes(24)).toString('base64')}`;
  return {
    type: 'hmac256' as const,
    secret: vault.seal(organization, id, secret),
    createdAt: clock.now(),
    expiresAt: null,
  };
}

function fresh<Id>({ clock }: SetUpParts, id: Id, ownerId: ApplicationId | null) {
  const now = clock.now();
  return { id, uid: null, ownerId, createdAt: now, updatedAt: now, version: 1 };
}

async function commit(life: Life, organization: OrganizationId, edit: Edit): Promise<void> {
  const result = await life.engine.commit({
    organization,
    principal: principalOf(organization),
    edits: [edit],
    action: `${edit.kind}.create`,
    idempotency: null,
    reply: { status: 201, body: undefined },
  });
  if (result.kind !== 'done') throw new Error(`Setting up the world ended as ${result.kind}.`);
}
