/**
 * A clock as a source: fires at planned instants. The planned instant is the event's `dedupeKey`, so that no run fires
 * twice, whichever node sees to it and whenever that node died.
 */
import type { InboundHost, InboundKind, RunningInbound } from '../../ports/inbound.ts';
import { failureTeller, healthTeller, type TellHealth } from '../asking/rounds.ts';
import { documentItem, take } from '../asking/take.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { keepTrying, type Steady } from '../steady.ts';
import { type Owed, owedRuns, type Plan } from './plan-runs.ts';
import { type ScheduleSettings, scheduleSettings } from './settings.ts';

/** The wall clock may be set, and machines sleep: look at it at least so often. */
const LOOK_EVERY_MS = 60_000;
/** A run at most so late was not missed. */
const GRACE_MS = 60_000;
const A_DAY_MS = 86_400_000;

export function makeScheduleKind(parts: InboundParts): InboundKind {
  return {
    kind: 'schedule',
    check: (input) => void scheduleSettings(input),
    secretMembers: [],
    run: (host) => runSchedule(parts, host),
  };
}

/** The cursor. */
interface Seen {
  /** The newest run that was seen to; at first, when the source was made. */
  readonly last: number;
  readonly about: string;
  readonly version: number;
}

function runSchedule(parts: InboundParts, host: InboundHost): RunningInbound {
  const settings = scheduleSettings(host.input);
  const plan = settings.plan(host.source);
  const tell = healthTeller(host);
  let seen: Seen | null = null;
  return keepTrying({ ...parts, onFailure: failureTeller(parts, host, tell) }, async (steady) => {
    seen ??= seenFrom((await host.readCursor()) as Seen | null, host, settings);
    seen = { ...seen, last: await runNext({ parts, host, settings, plan, tell, steady }, seen) };
  });
}

/**
 * An edit forgets what was planned before it: the time in which a source was disabled is not made up for. What was due
 * just before an edit that does not change when it runs is still owed.
 */
function seenFrom(cursor: Seen | null, { source }: InboundHost, { about }: ScheduleSettings): Seen {
  const { version, createdAt, updatedAt } = source;
  if (cursor === null) return { last: createdAt, about, version };
  if (cursor.version === version) return cursor;
  const since = cursor.about === about ? updatedAt - GRACE_MS : updatedAt;
  return { last: Math.max(cursor.last, since), about, version };
}

interface Running {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: ScheduleSettings;
  readonly plan: Plan;
  readonly tell: TellHealth;
  readonly steady: Steady;
}

/** Waits for the next run and sees to it, and to what was missed; resolves to the newest run that was seen to. */
async function runNext({ parts, host, settings, plan, tell, steady }: Running, seen: Seen): Promise<number> {
  const { clock, dice } = parts;
  // A clock that had run far ahead: what it saw to is not to keep the schedule silent until then.
  const wasAhead = (): boolean => seen.last - clock.now() > A_DAY_MS;
  if (wasAhead()) return clock.now();
  const next = plan.next(seen.last);
  if (next === null) {
    tell('running', 'It has run for the last time; there is nothing to come.');
    await steady.sleep(A_DAY_MS);
    return seen.last;
  }
  const jitterMs = dice.uniform() * settings.jitterMs;
  const fireAt = next + jitterMs;
  if (clock.now() < fireAt) tell('running', null);
  for (let now = clock.now(); now < fireAt && !steady.isStopped && !wasAhead(); now = clock.now())
    await steady.sleep(Math.min(fireAt - now, LOOK_EVERY_MS));
  if (steady.isStopped || wasAhead()) return seen.last;
  const now = clock.now() - jitterMs;
  const owed = owedRuns({ plan, last: seen.last, now, policy: settings.missed, graceMs: GRACE_MS });
  for (const run of owed.runs) await fire({ parts, host, settings }, run);
  const last = owed.last ?? seen.last;
  await host.writeCursor({ ...seen, last } satisfies Seen);
  steady.succeeded();
  tell('running', null);
  return last;
}

async function fire(
  { parts, host, settings }: Pick<Running, 'parts' | 'host' | 'settings'>,
  { scheduledAt, missed }: Owed,
): Promise<void> {
  const planned = new Date(scheduledAt).toISOString();
  const document = {
    name: host.source.name,
    scheduledAt: planned,
    firedAt: new Date(parts.clock.now()).toISOString(),
    missed,
    payload: settings.payload,
  };
  const about = { dedupeKey: planned, orderingKey: null, meta: { scheduledAt: planned, missed } };
  await take(host, documentItem(host, document, { ...about, type: 'schedule.fired' }));
}
