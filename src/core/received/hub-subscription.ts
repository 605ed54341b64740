/**
 * A subscription at a WebSub hub (W3C Recommendation of 2018-01-23), as it is kept in a source's cursor. Pure. The way
 * in asks the hub; the hub answers at the source's URL, where whoever receives calls asks these functions.
 */

export interface HubSubscription {
  /** The page or feed of the settings, whose hub this is. */
  readonly page: string;
  readonly topic: string;
  readonly hub: string;
  /** Proves the hub's calls (§7.1). */
  readonly secret: string;
  /** When the hub was last asked to subscribe or renew (ms). */
  readonly askedAt: number;
  /** When the hub last asked whether that was meant (§5.3); null = not yet. */
  readonly verifiedAt: number | null;
  readonly leaseUntil: number | null;
  /** The hub's reason for refusing (§5.2); null = it did not. */
  readonly denied: string | null;
}

/** The part of a cursor that is about a hub. */
export interface HubCursor {
  readonly subscription?: HubSubscription | null;
  /** How often the hub said that there is something new; of kinds that then look for themselves. */
  readonly pokes?: number;
}

export interface HubAnswer {
  readonly status: number;
  /** text/plain. */
  readonly body: string;
  /** To be written when it is another object than the one that came in. */
  readonly cursor: unknown;
}

/** When a hub does not say: the default that the recommendation suggests. */
const LEASE_SECONDS = 864_000;
const LEASE_SECONDS_MAX = 366 * 86_400;
const CHALLENGE_CHARS_MAX = 2_048;
const REASON_CHARS_MAX = 300;

/**
 * A GET of the hub at the source's URL: is the subscription meant, or it is refused. `now` in ms. Only what was asked
 * for is confirmed, so that nobody can subscribe us to anything else; to unsubscribe is never asked.
 */
export function answerHubChallenge(cursor: unknown, query: URLSearchParams, now: number): HubAnswer {
  const { subscription = null } = (cursor ?? {}) as HubCursor;
  const mode = query.get('hub.mode');
  if (subscription === null || query.get('hub.topic') !== subscription.topic)
    return { status: 404, body: 'No such subscription', cursor };
  if (mode === 'denied') {
    const denied = printable(query.get('hub.reason') ?? '') || 'no reason given';
    const ended = { ...subscription, denied, verifiedAt: null, leaseUntil: null };
    return { status: 200, body: '', cursor: { ...(cursor as HubCursor), subscription: ended } };
  }
  const challenge = query.get('hub.challenge') ?? '';
  if (mode !== 'subscribe') return { status: 404, body: 'Not asked for', cursor };
  if (challenge === '' || challenge.length > CHALLENGE_CHARS_MAX)
    return { status: 400, body: 'hub.challenge is missing or too long', cursor };
  const leaseUntil = now + leaseSeconds(query.get('hub.lease_seconds')) * 1000;
  const verified = { ...subscription, verifiedAt: now, leaseUntil, denied: null };
  return { status: 200, body: challenge, cursor: { ...(cursor as HubCursor), subscription: verified } };
}

/** What proves the hub's calls; empty = there is no subscription, and nothing is to be taken. */
export function hubSecrets(cursor: unknown): readonly string[] {
  const { subscription = null } = (cursor ?? {}) as HubCursor;
  return subscription === null ? [] : [subscription.secret];
}

/** The cursor after a hub's proven call to a source that then looks for itself (`feed`): no event is made of the call. */
export function notePoke(cursor: unknown): HubCursor {
  const known = (cursor ?? {}) as HubCursor;
  return { ...known, pokes: (known.pokes ?? 0) + 1 };
}

export type HubStep =
  /** Ask the hub, for the first time or again. */
  | { readonly kind: 'ask' }
  /** It holds; look again after so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'denied'; readonly reason: string; readonly askAgainInMs: number };

/** A refusal may be a mistake that somebody corrects. */
const DENIED_PAUSE_MS = 3_600_000;
const RENEW_BEFORE_MS = 60_000;

/** What is to be done about a subscription now. It is renewed in the last tenth of its lease. */
export function nextHubStep(subscription: HubSubscription | null, now: number): HubStep {
  if (subscription === null) return { kind: 'ask' };
  const { askedAt, verifiedAt, leaseUntil, denied } = subscription;
  if (denied !== null) {
    const askAgainInMs = askedAt + DENIED_PAUSE_MS - now;
    return askAgainInMs <= 0 ? { kind: 'ask' } : { kind: 'denied', reason: denied, askAgainInMs };
  }
  if (verifiedAt === null || leaseUntil === null) return { kind: 'ask' };
  const lease = leaseUntil - verifiedAt;
  const ms = leaseUntil - Math.min(lease / 2, Math.max(lease / 10, RENEW_BEFORE_MS)) - now;
  return ms <= 0 ? { kind: 'ask' } : { kind: 'wait', ms };
}

function leaseSeconds(text: string | null): number {
  const seconds = /^\d{1,12}$/.test(text ?? '') ? Number(text) : 0;
  return seconds === 0 ? LEASE_SECONDS : Math.min(seconds, LEASE_SECONDS_MAX);
}

function printable(text: string): string {
  return text
    .slice(0, REASON_CHARS_MAX)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}
