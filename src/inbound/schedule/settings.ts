/** Settings of a schedule. */
import Type from 'typebox';
import type { Source } from '../../core/catalog/resources.ts';
import { settingsCheck, wrong } from '../check-settings.ts';
import { type MissedRuns, type Plan, planOf, type Rule } from './plan-runs.ts';

const CRON_CHARS_MAX = 200;
const AT_CHARS_MAX = 40;
const EVERY_SECONDS_MAX = 366 * 86_400;
const JITTER_SECONDS_MAX = 3_600;
const PAYLOAD_CHARS_MAX = 65_536;
/** From here on a cron expression must run some day. */
const SOME_DAY = Date.UTC(2026, 0, 1);

const ScheduleShape = Type.Object(
  {
    /** One of these three. */
    cron: Type.Optional(Type.String({ minLength: 1, maxLength: CRON_CHARS_MAX })),
    at: Type.Optional(Type.String({ minLength: 1, maxLength: AT_CHARS_MAX })),
    everySeconds: Type.Optional(Type.Number({ minimum: 1, maximum: EVERY_SECONDS_MAX })),
    /** IANA name, e.g. Europe/Berlin. */
    timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    jitterSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: JITTER_SECONDS_MAX })),
    missed: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('once'), Type.Literal('all')])),
    /** Any JSON; it is in each event. */
    payload: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);

export interface ScheduleSettings {
  /** The rule, but for the anchor that the source gives. */
  plan(source: Pick<Source, 'createdAt'>): Plan;
  /** Says whether an edit changed when it runs. */
  readonly about: string;
  readonly jitterMs: number;
  readonly missed: MissedRuns;
  readonly payload: unknown;
}

const check = settingsCheck(ScheduleShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function scheduleSettings(input: unknown): ScheduleSettings {
  const {
    cron,
    at,
    everySeconds,
    timeZone = 'UTC',
    jitterSeconds = 0,
    missed = 'once',
    payload = null,
  } = check(input);
  if ([cron, at, everySeconds].filter((one) => one !== undefined).length !== 1)
    throw wrong([], 'Say when: one of `cron`, `at` and `everySeconds`.');
  if (!isTimeZone(timeZone)) throw wrong(['timeZone'], 'There is no such time zone; say e.g. Europe/Berlin.');
  if (JSON.stringify(payload).length > PAYLOAD_CHARS_MAX)
    throw wrong(['payload'], 'The payload is too large.');
  if (cron !== undefined) checkCron(cron, timeZone);
  if (at !== undefined) checkAt(at, timeZone);
  return {
    plan: ({ createdAt }) => planOf(ruleOf({ cron, at, everySeconds, timeZone }, createdAt)),
    about: JSON.stringify([cron ?? null, at ?? null, everySeconds ?? null, timeZone]),
    jitterMs: jitterSeconds * 1000,
    missed,
    payload,
  };
}

interface When {
  readonly cron: string | undefined;
  readonly at: string | undefined;
  readonly everySeconds: number | undefined;
  readonly timeZone: string;
}

function ruleOf({ cron, at, everySeconds = 0, timeZone }: When, anchor: number): Rule {
  if (cron !== undefined) return { kind: 'cron', cron, timeZone };
  if (at !== undefined) return { kind: 'at', at, timeZone };
  return { kind: 'every', everyMs: Math.round(everySeconds * 1000), anchor };
}

function checkCron(cron: string, timeZone: string): void {
  let first: number | null;
  try {
    first = planOf({ kind: 'cron', cron, timeZone }).next(SOME_DAY);
  } catch (error) {
    throw wrong(['cron'], `This is no cron expression: ${reasonOf(error)}`);
  }
  if (first === null) throw wrong(['cron'], 'There is no day on which this would run.');
}

const ISO = /^(\d{4}-\d\d-(\d\d))T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)?$/i;

function checkAt(at: string, timeZone: string): void {
  try {
    const [, day, dayOfMonth] = ISO.exec(at) ?? [];
    // The 31st of February would be taken for the 3rd of March.
    const exists = day !== undefined && new Date(`${day}T00:00:00Z`).getUTCDate() === Number(dayOfMonth);
    if (exists && planOf({ kind: 'at', at, timeZone }).next(-1) !== null) return;
  } catch {
    // A date that does not exist.
  }
  throw wrong(
    ['at'],
    'Must be a date and time, e.g. 2027-03-01T09:00:00+01:00, or 2027-03-01T09:00:00 in `timeZone`.',
  );
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return `${message
    .replace(/^Cron\w+: /, '')
    .slice(0, 200)
    .replace(/\.+$/, '')}.`;
}
