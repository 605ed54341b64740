/**
 * When a schedule runs, and which runs are owed after a time in which nobody looked. Pure: instants in, instants out.
 *
 * Cron at the changes of the clocks (croner 11 with `no-wildcard`, which is Debian's rule):
 * - a job of fixed hours and minutes whose time is skipped in spring runs right after the gap, at 03:00 for 02:30;
 *   in autumn, when its time comes twice, it runs the first time only;
 * - a job with `*` or a step in seconds, minutes or hours runs at each instant that its clock shows such a time: not
 *   at all in the gap, and in both of the repeated hours.
 */
import { Cron } from 'croner';

export interface Plan {
  /** The first run later than this instant (ms); null = there is none. */
  next(after: number): number | null;
}

export type Rule =
  /** Five fields, or six with seconds first, or a nickname as @daily. */
  | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
  /** ISO 8601; without an offset it is the time of the zone, moved on by the gap where that does not exist. */
  | { readonly kind: 'at'; readonly at: string; readonly timeZone: string }
  /** Counted from `anchor`, so that every node counts alike. */
  | { readonly kind: 'every'; readonly everyMs: number; readonly anchor: number };

/** Throws an Error with croner's sentence when the text is none. */
export function planOf(rule: Rule): Plan {
  switch (rule.kind) {
    case 'cron':
      return cronPlan(rule.cron, rule.timeZone);
    case 'at': {
      const at = instantOf(rule.at, rule.timeZone);
      return { next: (after) => (after < at ? at : null) };
    }
    case 'every': {
      const { everyMs, anchor } = rule;
      return {
        next: (after) => anchor + (Math.max(0, Math.floor((after - anchor) / everyMs)) + 1) * everyMs,
      };
    }
  }
}

function cronPlan(text: string, timeZone: string): Plan {
  const { pattern, needsBoth } = asCronerReads(text);
  const cron = new Cron(pattern, {
    paused: true,
    mode: '5-or-6-parts',
    timezone: timeZone,
    domAndDow: needsBoth,
    fixedTimeRule: 'no-wildcard',
  });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null };
}

/** Values of seconds, minutes, hours, days, months and weekdays: how many, and the first. */
const FIELDS: readonly (readonly [size: number, first: number])[] = [
  [60, 0],
  [60, 0],
  [24, 0],
  [31, 1],
  [12, 1],
  [7, 0],
];

/**
 * Where croner differs from cron: it refuses a step longer than its field, which means the first value alone; and it
 * joins day and weekday by "or" also when one of them begins with `*`, where cron says "and". (Restricted both, as in
 * `0 9 1-7 * 1`, they are joined by "or" in either.)
 */
export function asCronerReads(text: string): { readonly pattern: string; readonly needsBoth: boolean } {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return { pattern: text.trim(), needsBoth: false };
  const skipped = 6 - fields.length;
  const read = fields.map((field, at) => {
    const [size, first] = FIELDS[at + skipped]!;
    return field
      .split(',')
      .map((part) => {
        const stepped = /^(?:\*|(\d+)-\d+)\/(\d+)$/.exec(part);
        return stepped !== null && Number(stepped[2]) > size ? (stepped[1] ?? String(first)) : part;
      })
      .join(',');
  });
  const [day, weekday] = [fields[3 - skipped]!, fields[5 - skipped]!];
  return { pattern: read.join(' '), needsBoth: /^[*?]/.test(day) || /^[*?]/.test(weekday) };
}

function instantOf(text: string, timeZone: string): number {
  if (/(?:Z|[+-]\d\d:?\d\d)$/i.test(text)) return Date.parse(text);
  const at = new Cron(text, { paused: true, timezone: timeZone }).nextRun(new Date(0));
  return at?.getTime() ?? Number.NaN;
}

/** What becomes of runs whose time passed while nobody looked. */
export type MissedRuns = 'none' | 'once' | 'all';

export interface Owed {
  readonly scheduledAt: number;
  /** How many runs before it were missed and are left out. */
  readonly missed: number;
}

export interface Owing {
  readonly plan: Plan;
  /** The newest run that was seen to. */
  readonly last: number;
  readonly now: number;
  readonly policy: MissedRuns;
  /** A run at most so late is on time. */
  readonly graceMs: number;
}

/** The most that are made up for. */
export const OWED_MAX = 100;

/** The runs to fire now, oldest first, and the newest run whose time has passed; null = none has. */
export function owedRuns({ plan, last, now, policy, graceMs }: Owing): {
  readonly runs: readonly Owed[];
  readonly last: number | null;
} {
  const passed = passedRuns(plan, last, now);
  const newest = passed.at(-1);
  if (newest === undefined) return { runs: [], last: null };
  const wanted =
    policy === 'once'
      ? [newest]
      : passed.filter((at) => policy === 'all' || now - at <= graceMs).slice(-OWED_MAX);
  const missed = passed.length - wanted.length;
  return {
    runs: wanted.map((scheduledAt, at) => ({ scheduledAt, missed: at === 0 ? missed : 0 })),
    last: newest,
  };
}

/** Runs looked at in one go; a cron expression costs about 60 µs each. */
const WALK_MAX = 1_000;
const LEAPS_MAX = 10;

/** Runs in (last, now]; of more than a thousand the first and the newest ones, for counting them all takes too long. */
function passedRuns(plan: Plan, last: number, now: number): number[] {
  const runs = walk(plan, last, now);
  let from = last;
  let newest = runs;
  for (let leaps = 0; newest.length === WALK_MAX && leaps < LEAPS_MAX; leaps++) {
    const reached = newest.at(-1)!;
    // To where about a fifth as many are left, if they come as often as these did.
    from = Math.max(reached, now - (reached - from) / 5);
    newest = walk(plan, from, now);
    runs.splice(WALK_MAX, WALK_MAX, ...newest);
  }
  return runs;
}

function walk(plan: Plan, from: number, until: number): number[] {
  const runs: number[] = [];
  for (let at = plan.next(from); at !== null && at <= until && runs.length < WALK_MAX; at = plan.next(at))
    runs.push(at);
  return runs;
}
