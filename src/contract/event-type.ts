/** Event types: the names that messages and endpoints' filters use. The uid of the document is the name. */
import Type, { type Static } from 'typebox';
import type { EventType } from '../core/catalog/resources.ts';
import type { Id } from '../core/ids.ts';
import { invalid } from '../core/problem.ts';
import { ListResponse } from './page.ts';
import { parseRetrySchedule, RetrySchedule, renderRetrySchedule } from './retry-schedule.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';
import { EventTypeName, FeatureFlag, UID_CHARS_MAX, UID_PATTERN } from './uid.ts';

export const FEATURE_FLAGS_MAX = 100;

const Description = Type.String({ maxLength: 4096 });
const GroupName = Type.String({ minLength: 1, maxLength: UID_CHARS_MAX, pattern: UID_PATTERN });
const FeatureFlags = Type.Array(FeatureFlag, {
  maxItems: FEATURE_FLAGS_MAX,
  description: 'App tokens see the event type only when they carry one of these flags.',
});
const Schemas = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
  description: 'JSON Schemas by version: `{"1": {…}}`.',
});

const SETTINGS = {
  archived: Type.Optional(Type.Boolean()),
  deprecated: Type.Optional(Type.Boolean()),
  schemas: Type.Optional(Nullable(Schemas)),
  featureFlag: Type.Optional(Nullable(FeatureFlag)),
  featureFlags: Type.Optional(Nullable(FeatureFlags)),
  groupName: Type.Optional(Nullable(GroupName)),
  retrySchedule: Type.Optional(Nullable(RetrySchedule)),
} as const;

export const EventTypeIn = Type.Object(
  { name: EventTypeName, description: Description, ...SETTINGS },
  { title: 'EventTypeIn' },
);
export const EventTypeUpdate = Type.Object(
  { description: Description, ...SETTINGS },
  { title: 'EventTypeUpdate' },
);
export const EventTypePatch = Type.Object(
  { description: Type.Optional(Description), ...SETTINGS },
  { title: 'EventTypePatch' },
);
type Update = Static<typeof EventTypeUpdate>;
type Patch = Static<typeof EventTypePatch>;

export const EventTypeOut = Type.Object(
  {
    name: EventTypeName,
    description: Description,
    archived: Type.Boolean(),
    deprecated: Type.Boolean(),
    schemas: Nullable(Schemas),
    featureFlag: Nullable(FeatureFlag),
    featureFlags: FeatureFlags,
    groupName: Nullable(GroupName),
    retrySchedule: Nullable(Type.Array(Type.Number(), { description: 'Seconds before each retry.' })),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'EventTypeOut' },
);

export const EventTypeList = ListResponse(EventTypeOut, 'ListResponse_EventTypeOut_');

/** A new event type of that name. */
export function newEventType(
  name: string,
  input: Update,
  birth: { readonly id: Id<string>; readonly now: number },
): EventType {
  const times = { createdAt: birth.now, updatedAt: birth.now, version: 1 };
  return { id: birth.id, uid: name, ownerId: null, ...settingsOf(input), ...times };
}

/** PUT: what the input leaves out goes back to its default. */
export function replaceEventType(before: EventType, input: Update): EventType {
  return { ...before, ...settingsOf(input) };
}

function settingsOf(input: Update) {
  return {
    description: input.description,
    archived: input.archived ?? false,
    deprecated: input.deprecated ?? false,
    featureFlags: flagsOf(input) ?? [],
    groupName: input.groupName ?? null,
    schemas: input.schemas ?? null,
    retryScheduleMs: scheduleOf(input) ?? null,
  };
}

/** PATCH: what the patch leaves out stays. */
export function changeEventType(before: EventType, patch: Patch): EventType {
  const schedule = scheduleOf(patch);
  return {
    ...before,
    description: patch.description ?? before.description,
    archived: patch.archived ?? before.archived,
    deprecated: patch.deprecated ?? before.deprecated,
    featureFlags: flagsOf(patch) ?? before.featureFlags,
    groupName: patch.groupName === undefined ? before.groupName : patch.groupName,
    schemas: patch.schemas === undefined ? before.schemas : patch.schemas,
    retryScheduleMs: schedule === undefined ? before.retryScheduleMs : schedule,
  };
}

/** Older clients send one flag, newer ones a list; undefined = neither was sent. */
function flagsOf(input: Patch): readonly string[] | undefined {
  if (input.featureFlags !== undefined) return input.featureFlags ?? [];
  if (input.featureFlag === undefined) return undefined;
  return input.featureFlag === null ? [] : [input.featureFlag];
}

function scheduleOf(input: Patch): readonly number[] | null | undefined {
  const { retrySchedule } = input;
  if (retrySchedule === undefined || retrySchedule === null) return retrySchedule;
  return parseRetrySchedule(retrySchedule, ['body', 'retrySchedule']);
}

/** `withContent: false` leaves the schemas out, which may be long. */
export function renderEventType(
  eventType: EventType,
  options: { readonly withContent: boolean },
): Static<typeof EventTypeOut> {
  return {
    name: eventType.uid,
    description: eventType.description,
    archived: eventType.archived,
    deprecated: eventType.deprecated,
    schemas: options.withContent ? (eventType.schemas as Static<typeof Schemas> | null) : null,
    featureFlag: eventType.featureFlags[0] ?? null,
    featureFlags: [...eventType.featureFlags],
    groupName: eventType.groupName,
    retrySchedule: eventType.retryScheduleMs === null ? null : renderRetrySchedule(eventType.retryScheduleMs),
    createdAt: renderInstant(eventType.createdAt),
    updatedAt: renderInstant(eventType.updatedAt),
  };
}

const NAME = new RegExp(UID_PATTERN);

/** A name out of a path, which no shape has checked. */
export function checkEventTypeName(name: string): string {
  if (name.length > UID_CHARS_MAX || !NAME.test(name)) {
    throw invalid(
      ['path', 'event_type_name'],
      `Name event types with letters, digits, "-", "_" and ".", at most ${UID_CHARS_MAX}.`,
    );
  }
  return name;
}
