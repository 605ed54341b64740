/** What the operations on flows share. */
import { changedFlow, type FlowChanges } from '../../../contract/flow.ts';
import { parseRef } from '../../../contract/ids.ts';
import type { Flow } from '../../../core/catalog/resources.ts';
import { type DestinationId, newId, PREFIXES, RECEIVED, type SourceId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

export const TAG = 'Flow';
export const READ = { role: 'viewer', scope: 'organization', permission: 'flow:read' } as const;
export const WRITE = { role: 'editor', scope: 'organization', permission: 'flow:write' } as const;

type FlowCall = Pick<Call, 'engine' | 'organization' | 'clock' | 'dice' | 'storage' | 'params'>;

/** Flows of an organization: each event looks at all of them. */
const FLOWS_MAX = 1_000;

export async function findFlow(call: FlowCall): Promise<Flow> {
  const ref = parseRef<'flow'>(call.params.flow_id ?? '', 'flow');
  const found = await call.storage.catalog.find(call.organization, 'flow', ref, null);
  if (found === null) throw new Problem('not_found', 'There is no such flow: check its id or uid.');
  return found;
}

export async function newFlow(call: FlowCall, body: FlowChanges & { readonly name: string }): Promise<Flow> {
  const hub = await call.engine.directory.hub(call.organization);
  if (hub.flows.length >= FLOWS_MAX)
    throw new Problem(
      'limit_reached',
      `There can be at most ${FLOWS_MAX} flows; delete the ones that are not used.`,
    );
  const now = call.clock.now();
  const blank: Flow = {
    ...{ id: newId<'flow'>(now, call.dice.bytes(15)), uid: null, ownerId: null },
    ...{ createdAt: now, updatedAt: now, version: 1 },
    ...{ name: body.name, description: '', disabled: false, metadata: {} },
    ...{ sourceIds: null, eventTypes: null, when: null, destinationIds: [] },
  };
  return checkedFlow(call, blank, body);
}

/** What the body leaves out stays. Problem validation when it names what is not there. */
export async function checkedFlow(call: FlowCall, before: Flow, body: FlowChanges): Promise<Flow> {
  const { sources, destinations } = body;
  const after = changedFlow(before, body, {
    sourceIds: sources == null ? sources : await idsOf<SourceId>(call, sources, 'source'),
    destinationIds:
      destinations === undefined ? undefined : await idsOf<DestinationId>(call, destinations, 'destination'),
  });
  if (after.when !== null) call.engine.sources.checkExpression(after.when, ['body', 'when']);
  return after;
}

/** Of what a body names by id or uid; one that is named twice counts once. */
async function idsOf<Found extends SourceId | DestinationId>(
  { storage, organization }: FlowCall,
  texts: readonly string[],
  kind: 'source' | 'destination',
): Promise<readonly Found[]> {
  const owner = kind === 'source' ? null : RECEIVED;
  const ids = new Set<Found>();
  for (const [index, text] of texts.entries()) {
    const found = await storage.catalog.find(organization, kind, parseRef(text, kind), owner);
    if (found === null)
      throw invalid(
        ['body', `${kind}s`, index],
        `There is no ${kind} "${text}": give its id (${PREFIXES[kind]}…) or its uid, or make it with POST /api/v1/${kind}.`,
      );
    ids.add(found.id as Found);
  }
  return [...ids];
}
