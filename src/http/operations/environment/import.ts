import type { Static } from 'typebox';
import { EnvironmentIn, EnvironmentSettings } from '../../../contract/environment.ts';
import { changeEventType, newEventType } from '../../../contract/event-type.ts';
import { parseRetrySchedule } from '../../../contract/retry-schedule.ts';
import type { EventType } from '../../../core/catalog/resources.ts';
import { newId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import type { Edit } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { readAllEventTypes } from '../event-type/read-all.ts';
import { applicationEdits } from './import-applications.ts';

export const importEnvironment = defineOperation({
  id: 'environment.import',
  method: 'POST',
  path: '/api/v1/environment/import',
  tag: 'Environment',
  summary: 'Import an exported configuration: all of it or nothing',
  description:
    'Adds and updates; deletes nothing. Members that are left out keep their value. Applications and endpoints are known by their uid, or else by the id in the export. A new endpoint gets a new signing key and is disabled, because what is secret is in no export: give it its secret and headers, then enable it; an import enables nothing. Settings of other servers that mean nothing here are named in a `posthorn-notice` header.',
  needs: { role: 'owner', scope: 'organization', permission: 'environment:write' },
  body: EnvironmentIn,
  replies: { 204: null },
  problems: ['conflict', 'limit_reached'],
  async handle(call) {
    const { eventTypes, settings, connectors } = call.body;
    if ((connectors ?? []).length > 0) {
      throw invalid(
        ['body', 'connectors'],
        'Connectors are not offered here: take them out of the document.',
      );
    }
    const known = await readAllEventTypes(call);
    const types = importedTypes(call, known, {
      types: eventTypes ?? [],
      schedules: settings?.eventTypeRetrySchedules ?? {},
    });
    const edits: Edit[] = [...types.values()].map((after) => ({
      kind: 'event-type',
      before: known.get(after.uid) ?? null,
      after,
    }));
    const names = new Set([...known.values(), ...types.values()].map(({ uid }) => uid));
    edits.push(...(await applicationEdits(call, settings?.applications ?? [], names)));
    const headers = noticeOf(settings ?? null);
    const reply = { status: 204, body: undefined, headers };
    return edits.length === 0 ? reply : call.commit('environment.import', edits, reply);
  },
});

interface Imported {
  readonly types: NonNullable<Static<typeof EnvironmentIn>['eventTypes']>;
  readonly schedules: NonNullable<Static<typeof EnvironmentSettings>['eventTypeRetrySchedules']>;
}

/** The event types that the document adds or changes, by name. */
function importedTypes(
  call: Pick<Call, 'clock' | 'dice'>,
  known: ReadonlyMap<string, EventType>,
  imported: Imported,
): ReadonlyMap<string, EventType> {
  const now = call.clock.now();
  const changed = new Map<string, EventType>();
  imported.types.forEach(({ name, ...input }, index) => {
    if (changed.has(name)) {
      throw invalid(
        ['body', 'eventTypes', index, 'name'],
        `The event type ${JSON.stringify(name)} is there twice: keep one.`,
      );
    }
    const before = known.get(name);
    const after =
      before === undefined
        ? newEventType(name, input, { id: newId(now, call.dice.bytes(15)), now })
        : { ...changeEventType(before, input), updatedAt: now };
    changed.set(name, after);
  });
  for (const [name, delays] of Object.entries(imported.schedules)) {
    const loc = ['body', 'settings', 'eventTypeRetrySchedules', name];
    const type = changed.get(name) ?? known.get(name);
    if (type === undefined)
      throw invalid(loc, `There is no event type ${JSON.stringify(name)}: import it too.`);
    changed.set(name, { ...type, retryScheduleMs: parseRetrySchedule(delays, loc), updatedAt: now });
  }
  return changed;
}

/** Says which settings were not taken over, rather than dropping them in silence. */
function noticeOf(settings: object | null): Record<string, string> {
  const foreign = Object.keys(settings ?? {}).filter(
    (name) => !Object.hasOwn(EnvironmentSettings.properties, name),
  );
  if (foreign.length === 0) return {};
  // A header carries printable ASCII only.
  const names = foreign.slice(0, 20).map((name) => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 50));
  return { 'posthorn-notice': `Settings that mean nothing here were left out: ${names.join(', ')}` };
}
