/** Asking a hub to subscribe us, or to go on (WebSub §5.1). */
import { retryAfterMs } from '../../core/delivery/retry-after.ts';
import type { HubCursor, HubSubscription } from '../../core/received/hub-subscription.ts';
import type { InboundHost } from '../../ports/inbound.ts';
import { Trouble } from '../asking/trouble.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { TryLater } from '../steady.ts';
import type { Announced } from './discover-hub.ts';

const SECRET_BYTES = 32;
const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 65_536;
const REDIRECTS_MAX = 3;
const SAID_CHARS_MAX = 200;

export interface Asking {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  /** The URL of the settings. */
  readonly page: string;
  readonly leaseSeconds: number;
}

/**
 * The hub calls the source's URL before or after this resolves, so what was asked for is written first. The secret
 * stays the same for as long as topic and hub do: calls that are on their way at a renewal still prove themselves.
 */
export async function askHub(
  { parts, host, page, leaseSeconds }: Asking,
  { topic, hub }: Announced,
): Promise<void> {
  const cursor = ((await host.readCursor()) ?? {}) as HubCursor;
  const known = cursor.subscription ?? null;
  const isSame = known !== null && known.topic === topic && known.hub === hub;
  const askedAt = parts.clock.now();
  const subscription: HubSubscription = isSame
    ? { ...known, page, askedAt, denied: null }
    : {
        page,
        topic,
        hub,
        secret: newSecret(parts),
        askedAt,
        verifiedAt: null,
        leaseUntil: null,
        denied: null,
      };
  await host.writeCursor({ ...cursor, subscription } satisfies HubCursor);
  const form = new URLSearchParams({
    'hub.callback': host.callbackUrl,
    'hub.mode': 'subscribe',
    'hub.topic': topic,
    'hub.lease_seconds': String(leaseSeconds),
    'hub.secret': subscription.secret,
  });
  await post(parts, hub, form);
}

function newSecret({ dice }: InboundParts): string {
  return Buffer.from(dice.bytes(SECRET_BYTES)).toString('base64url');
}

/** A hub may move: 307 and 308 are followed with the form (§5.1), which the web itself sends to no other origin. */
async function post(
  { web, clock, userAgent }: InboundParts,
  hub: string,
  form: URLSearchParams,
): Promise<void> {
  let url = hub;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const answer = await web.ask({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': userAgent,
        accept: '*/*',
      },
      body: Buffer.from(form.toString()),
      timeoutMs: TIMEOUT_MS,
      answerBytesMax: ANSWER_BYTES_MAX,
      redirectsMax: 0,
    });
    if (answer.kind === 'unanswered') throw new Trouble(`The hub cannot be asked: ${answer.detail}`);
    const { status, headers } = answer;
    if (status >= 200 && status <= 299) return;
    const next = movedTo(url, status, headers.location);
    if (next === null) {
      const said = `The hub ${new URL(url).host} answered ${status}${quoted(answer.body)}`;
      const afterMs = retryAfterMs(headers['retry-after'], clock.now());
      throw afterMs === undefined ? new Trouble(said) : new TryLater(said, afterMs);
    }
    url = next;
  }
  throw new Trouble(`The hub ${new URL(hub).host} redirects more than ${REDIRECTS_MAX} times`);
}

/** Not from https to http: the form holds the secret. */
function movedTo(url: string, status: number, location: string | undefined): string | null {
  if ((status !== 307 && status !== 308) || location === undefined || !URL.canParse(location, url))
    return null;
  const next = new URL(location, url);
  const isSafe = next.protocol === 'https:' || (next.protocol === 'http:' && url.startsWith('http:'));
  return isSafe ? next.href : null;
}

/** Hubs explain themselves in plain text (§5.2). */
function quoted(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, SAID_CHARS_MAX))
    .toString()
    .replace(/[\p{Cc}\s\ufffd]+/gu, ' ')
    .trim();
  return text === '' || text.startsWith('<') ? '' : `: ${text}`;
}
