/** Settings of a WebSub subscriber. */
import Type from 'typebox';
import { ASK_MEMBERS, ASK_SECRETS, type Ask, askOf, checkUrl } from '../asking/ask-settings.ts';
import { settingsCheck } from '../check-settings.ts';

const URL_CHARS_MAX = 4_096;
const LEASE_SECONDS = 864_000;
const LEASE_SECONDS_MIN = 60;
const LEASE_SECONDS_MAX = 366 * 86_400;
const { url, headers, auth, timeoutSeconds } = ASK_MEMBERS;

const WebsubShape = Type.Object(
  {
    /** The page or feed to follow. */
    ...{ url, headers, auth, timeoutSeconds },
    /** Not said: the one that the page announces. */
    hub: Type.Optional(Type.String({ minLength: 1, maxLength: URL_CHARS_MAX })),
    /** Asked for; the hub decides. */
    leaseSeconds: Type.Optional(Type.Integer({ minimum: LEASE_SECONDS_MIN, maximum: LEASE_SECONDS_MAX })),
  },
  { additionalProperties: false },
);

export interface WebsubSettings extends Ask {
  readonly hub: string | null;
  readonly leaseSeconds: number;
}

export const WEBSUB_SECRETS = ASK_SECRETS;

const check = settingsCheck(WebsubShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function websubSettings(input: unknown): WebsubSettings {
  const given = check(input);
  if (given.hub !== undefined) checkUrl(given.hub, ['hub']);
  return { ...askOf(given), hub: given.hub ?? null, leaseSeconds: given.leaseSeconds ?? LEASE_SECONDS };
}
