/** The hub of a feed. It is a help: when it does not, the feed is still asked at its intervals. */
import { type HubCursor, type HubSubscription, nextHubStep } from '../../core/received/hub-subscription.ts';
import type { InboundHost } from '../../ports/inbound.ts';
import { sentenceOf } from '../asking/trouble.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { askHub } from '../websub/ask-hub.ts';
import type { Announced } from '../websub/discover-hub.ts';

const LEASE_SECONDS = 864_000;
/** A hub that does not ask back is not asked more often. */
const ASK_EVERY_MS = 3_600_000;

export interface Following {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  /** The feed's URL. */
  readonly page: string;
}

export interface Followed {
  /** Its calls are to be expected. */
  readonly isCalling: boolean;
  /** What is to be told; null = all is well. */
  readonly detail: string | null;
}

export const NO_HUB: Followed = { isCalling: false, detail: null };

/** What is known of the hub when the feed has not changed. */
export function announcedIn(subscription: HubSubscription | null | undefined): Announced | null {
  return subscription ? { hub: subscription.hub, topic: subscription.topic } : null;
}

/** Subscribes or renews when it is time. */
export async function followHub(
  { parts, host, page }: Following,
  announced: Announced | null,
): Promise<Followed> {
  if (announced === null) return NO_HUB;
  const now = parts.clock.now();
  const known = (((await host.readCursor()) ?? {}) as HubCursor).subscription ?? null;
  const isSame = known?.hub === announced.hub && known.topic === announced.topic;
  if (isSame && (now - known.askedAt < ASK_EVERY_MS || nextHubStep(known, now).kind !== 'ask'))
    return known.denied === null
      ? { isCalling: true, detail: null }
      : without(`The hub refuses the subscription: ${known.denied}`);
  try {
    await askHub({ parts, host, page, leaseSeconds: LEASE_SECONDS }, announced);
    return { isCalling: true, detail: null };
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === null) throw error;
    return without(sentence);
  }
}

function without(reason: string): Followed {
  return { isCalling: false, detail: `${reason}; the feed is asked at intervals.` };
}
