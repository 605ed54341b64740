/**
 * A WebSub subscriber: finds the hub of a page or feed, subscribes the source's own URL there, and renews in time. What
 * the hub then sends are calls like any other, received and verified where calls are. A stop does not unsubscribe: a
 * restart, or another node, goes on.
 */
import { type HubCursor, type HubSubscription, nextHubStep } from '../../core/received/hub-subscription.ts';
import type { InboundHost, InboundKind, RunningInbound } from '../../ports/inbound.ts';
import { type Asker, makeAsker } from '../asking/ask.ts';
import { runRounds } from '../asking/rounds.ts';
import { Trouble } from '../asking/trouble.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { type Steady, TryLater } from '../steady.ts';
import { askHub } from './ask-hub.ts';
import { type Announced, discoverHub } from './discover-hub.ts';
import { WEBSUB_SECRETS, type WebsubSettings, websubSettings } from './settings.ts';

/** Who asks for the cursor so often sees a refusal, or a renewal that is due, in time. */
const LOOK_EVERY_MS = 600_000;
const VERIFIED_WITHIN_MS = 60_000;
const VERIFIED_LOOK_MS = 1_000;
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

export function makeWebsubKind(parts: InboundParts): InboundKind {
  return {
    kind: 'websub',
    check: (input) => void websubSettings(input),
    secretMembers: WEBSUB_SECRETS,
    run: (host) => runWebsub(parts, host),
  };
}

function runWebsub(parts: InboundParts, host: InboundHost): RunningInbound {
  const settings = websubSettings(host.input);
  const asker = makeAsker(parts, settings);
  let lookInMs = LOOK_EVERY_MS;
  const pace = { everyMs: () => lookInMs, jitterMs: () => 0 };
  return runRounds(parts, host, pace, async (steady) => {
    lookInMs = await look({ parts, host, settings, asker, steady });
    return null;
  });
}

interface Running {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: WebsubSettings;
  readonly asker: Asker;
  readonly steady: Steady;
}

/** Sees to the subscription; resolves to when to look again. */
async function look({ parts, host, settings, asker, steady }: Running): Promise<number> {
  const { clock } = parts;
  const { url, hub, leaseSeconds } = settings;
  const before = await subscriptionOf(host);
  const isAbout = before?.page === url && (hub === null || hub === before.hub);
  const step = nextHubStep(isAbout ? before : null, clock.now());
  if (step.kind === 'wait') return Math.min(step.ms, LOOK_EVERY_MS);
  if (step.kind === 'denied')
    throw new TryLater(`The hub refuses the subscription: ${step.reason}`, step.askAgainInMs);
  const announced = await announcedBy(asker, settings, steady);
  await askHub({ parts, host, page: url, leaseSeconds }, announced);
  for (const until = clock.now() + VERIFIED_WITHIN_MS; !steady.isStopped && clock.now() < until; ) {
    const asked = await subscriptionOf(host);
    // Not compared with our clock: another node may have been asked back.
    const verifiedAt = asked?.verifiedAt ?? null;
    const isVerified = verifiedAt !== null && verifiedAt !== before?.verifiedAt;
    if (isVerified || (asked?.denied ?? null) !== null) return 0;
    await steady.sleep(VERIFIED_LOOK_MS);
  }
  throw new Trouble(
    `The hub ${new URL(announced.hub).host} took the request and did not ask back within ${VERIFIED_WITHIN_MS / 1000} s; it must be able to reach ${new URL(host.callbackUrl).origin}`,
  );
}

async function subscriptionOf(host: InboundHost): Promise<HubSubscription | null> {
  return ((await host.readCursor()) as HubCursor | null)?.subscription ?? null;
}

async function announcedBy(
  asker: Asker,
  { url, hub }: WebsubSettings,
  { signal }: Steady,
): Promise<Announced> {
  if (hub !== null) return { hub, topic: url };
  const page = await asker.ask({ url, accept: '*/*', answerBytesMax: PAGE_BYTES_MAX, signal });
  const announced = page === null ? null : discoverHub(page, Buffer.from(page.body).toString());
  if (announced === null)
    throw new Trouble(`${url} announces no hub; poll it as a feed, or name the hub in \`hub\``);
  return announced;
}
