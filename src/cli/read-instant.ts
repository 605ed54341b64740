import { BadSetting } from '../config/parse.ts';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `2026-11-26T12:00:00Z`, or how long ago: `90s`, `10m`, `2h`, `7d`. As RFC 3339. Throws BadSetting. */
export function readInstant(text: string, { option, now }: { option: string; now: number }): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined)
    return new Date(now - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]).toISOString();
  const at = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return new Date(at).toISOString();
  throw new BadSetting(
    option,
    'needs an instant such as 2026-01-31T12:00:00Z, or how long ago: 90s, 10m, 2h, 7d.',
  );
}
