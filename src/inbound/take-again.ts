/** Taking an item whose sender does not bring it again: while the store is away, tried again up to a bound. */
import { Problem } from '../core/problem.ts';
import type { InboundHost, InboundItem, Taken } from '../ports/inbound.ts';

/** Ms before each further try: longer together than the failover of a node or of a database. */
const PAUSES_MS = [500, 2_000, 5_000, 10_000];

export type TakenAtLast =
  | Exclude<Taken, { kind: 'refused' }>
  /** `isFinal`: the source will never take it; else it could not be stored within the bound. */
  | { readonly kind: 'untaken'; readonly detail: string; readonly isFinal: boolean };

export interface Patience {
  readonly isStopped: boolean;
  /** Returns early when the way in is stopped. */
  sleep(ms: number): Promise<void>;
  /** A bug: the item is not stored, and is held as when the store is away. Not given: it rejects. */
  unexpected?(error: unknown): void;
}

/** Rejects for bugs only, if at all. */
export async function takeAgain(
  host: Pick<InboundHost, 'take'>,
  item: InboundItem,
  steady: Patience,
): Promise<TakenAtLast> {
  for (let tries = 0; ; tries++) {
    const detail = await tryOnce(host, item, steady);
    if (typeof detail !== 'string') return detail;
    const pause = PAUSES_MS[tries];
    if (pause === undefined || steady.isStopped) return { kind: 'untaken', detail, isFinal: false };
    await steady.sleep(pause);
  }
}

/** A sentence: not now, try again. */
async function tryOnce(
  host: Pick<InboundHost, 'take'>,
  item: InboundItem,
  { unexpected }: Patience,
): Promise<TakenAtLast | string> {
  try {
    const taken = await host.take(item);
    if (taken.kind !== 'refused') return taken;
    return taken.isFinal ? { kind: 'untaken', detail: taken.detail, isFinal: true } : taken.detail;
  } catch (error) {
    if (!(error instanceof Problem)) {
      if (!unexpected) throw error;
      unexpected(error);
    }
    return error instanceof Error ? error.message : String(error);
  }
}
