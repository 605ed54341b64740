/** Settings of a feed. */
import Type from 'typebox';
import { ASK_MEMBERS, ASK_SECRETS, type Ask, askOf, everySeconds } from '../asking/ask-settings.ts';
import { settingsCheck } from '../check-settings.ts';

const EVERY_SECONDS = 900;
const EVERY_SECONDS_MIN = 30;
const FIRST_MAX = 100;

const FeedShape = Type.Object(
  {
    ...ASK_MEMBERS,
    /** Not said: as the feed hints (ttl, sy:updatePeriod), between 5 minutes and a day, else 15 minutes. */
    everySeconds: everySeconds(EVERY_SECONDS_MIN),
    /** How many of the newest items become events at the first run. */
    firstRun: Type.Optional(Type.Integer({ minimum: 0, maximum: FIRST_MAX })),
    emitUpdated: Type.Optional(Type.Boolean()),
    /** Subscribes at the hub that the feed announces, and then asks when the hub says so. */
    websub: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export interface FeedSettings extends Ask {
  /** null = as the feed hints. */
  readonly everyMs: number | null;
  readonly jitterMs: number;
  readonly firstRun: number;
  readonly emitUpdated: boolean;
  readonly websub: boolean;
  readonly typePrefix: string;
}

export const FEED_SECRETS = ASK_SECRETS;

const check = settingsCheck(FeedShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function feedSettings(input: unknown): FeedSettings {
  const given = check(input);
  const { everySeconds: seconds, jitterSeconds = (seconds ?? EVERY_SECONDS) / 10 } = given;
  return {
    ...askOf(given),
    everyMs: seconds === undefined ? null : seconds * 1000,
    jitterMs: jitterSeconds * 1000,
    firstRun: given.firstRun ?? 0,
    emitUpdated: given.emitUpdated ?? true,
    websub: given.websub ?? false,
    typePrefix: given.typePrefix ?? 'feed',
  };
}

const HINT_MS_MIN = 300_000;
const HINT_MS_MAX = 86_400_000;

/** Between two looks at the feed. */
export function intervalMs({ everyMs }: FeedSettings, hintMs: number | null): number {
  if (everyMs !== null) return everyMs;
  return hintMs === null ? EVERY_SECONDS * 1000 : Math.min(Math.max(hintMs, HINT_MS_MIN), HINT_MS_MAX);
}
