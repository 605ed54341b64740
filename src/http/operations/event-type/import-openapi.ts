import {
  EventTypeImportOpenApiIn,
  EventTypeImportOpenApiOut,
  renderImported,
} from '../../../contract/event-type-import.ts';
import { eventTypesFromOpenApi, type ImportedEventType } from '../../../core/catalog/openapi-webhooks.ts';
import type { EventType } from '../../../core/catalog/resources.ts';
import { newId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { Edit } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { readYaml } from '../../read-yaml.ts';
import { readAllEventTypes } from './read-all.ts';

export const importOpenApi = defineOperation({
  id: 'event-type.import-openapi',
  method: 'POST',
  path: '/api/v1/event-type/import/openapi',
  tag: 'Event type',
  summary: 'Create and update event types from the webhooks of an OpenAPI document',
  description:
    'Each entry of `webhooks` or `x-webhooks` is one event type, named by its key. Archived ones come back. Feature flags (`x-svix-feature-flags`) and group (`x-svix-group-name`) stay as they are when the document does not name them.',
  needs: { role: 'editor', scope: 'organization', permission: 'event-type:write' },
  body: EventTypeImportOpenApiIn,
  replies: { 200: EventTypeImportOpenApiOut },
  problems: ['generic_error', 'limit_reached'],
  async handle(call) {
    const { dryRun = false, replaceAll = false } = call.body;
    const imported = eventTypesFromOpenApi(await readSpec(call.body));
    const known = await readAllEventTypes(call);
    const edits = imported.flatMap((type) => editFor(call, known.get(type.name) ?? null, type));
    if (replaceAll) edits.push(...archiving(call, known, new Set(imported.map(({ name }) => name))));
    const changed = edits.map(({ after }) => after);
    if (dryRun || edits.length === 0) {
      const to_modify = dryRun ? changed.map(renderImported) : null;
      return { status: 200, body: { data: { modified: [], to_modify } } };
    }
    return call.commit('event-type.import', edits, {
      status: 200,
      body: { data: { modified: changed.map(({ uid }) => uid), to_modify: null } },
    });
  },
});

type EventTypeEdit = Extract<Edit, { kind: 'event-type' }> & { readonly after: EventType };

async function readSpec(body: {
  readonly spec?: unknown;
  readonly specRaw?: string | null;
}): Promise<unknown> {
  const spec = body.spec ?? null;
  const specRaw = body.specRaw ?? null;
  if ((spec === null) === (specRaw === null)) {
    throw new Problem(
      'generic_error',
      'Give the document either as `spec` (JSON) or as `specRaw` (text), not both.',
    );
  }
  if (specRaw === null) return spec;
  const read = await readYaml(specRaw);
  if ('value' in read) return read.value;
  throw invalid(['body', 'specRaw'], `This is neither YAML nor JSON: ${read.fault}`);
}

/** Nothing when the event type already is what the document says. */
function editFor(
  call: Pick<Call, 'clock' | 'dice'>,
  before: EventType | null,
  type: ImportedEventType,
): EventTypeEdit[] {
  const now = call.clock.now();
  const told = {
    description: type.description,
    archived: false,
    deprecated: type.deprecated,
    featureFlags: type.featureFlags ?? before?.featureFlags ?? [],
    groupName: type.groupName ?? before?.groupName ?? null,
    schemas: type.schemas,
  };
  if (before !== null) {
    if (isSame(before, told)) return [];
    return [{ kind: 'event-type', before, after: { ...before, ...told, updatedAt: now } }];
  }
  const after: EventType = {
    id: newId(now, call.dice.bytes(15)),
    uid: type.name,
    ownerId: null,
    createdAt: now,
    updatedAt: now,
    version: 1,
    retryScheduleMs: null,
    ...told,
  };
  return [{ kind: 'event-type', before: null, after }];
}

function isSame(before: EventType, told: Partial<EventType>): boolean {
  return Object.entries(told).every(
    ([member, value]) =>
      JSON.stringify(before[member as keyof EventType] ?? null) === JSON.stringify(value ?? null),
  );
}

function archiving(
  call: Pick<Call, 'clock'>,
  known: ReadonlyMap<string, EventType>,
  kept: ReadonlySet<string>,
): EventTypeEdit[] {
  const updatedAt = call.clock.now();
  return [...known.values()]
    .filter((type) => !type.archived && !kept.has(type.uid))
    .map((before) => ({ kind: 'event-type', before, after: { ...before, archived: true, updatedAt } }));
}
