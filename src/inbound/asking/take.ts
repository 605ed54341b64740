/** One item into the store, by a way in that can bring it again. */
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';
import { Trouble } from './trouble.ts';

/** What the source will never take is left out, and told in `detail`; what it does not take now ends the round. */
export async function take(
  host: InboundHost,
  item: InboundItem,
): Promise<{ readonly leftOut: string | null }> {
  const taken = await host.take(item);
  if (taken.kind !== 'refused') return { leftOut: null };
  if (taken.isFinal) return { leftOut: taken.detail };
  throw new Trouble(`The source does not take events now: ${taken.detail}`);
}

/** A JSON document of a way in's own making. */
export function documentItem(
  host: InboundHost,
  document: unknown,
  about: Pick<InboundItem, 'dedupeKey' | 'orderingKey' | 'meta'> & { readonly type: string },
): InboundItem {
  const { type, ...rest } = about;
  return {
    ...rest,
    // The source's own expression goes before the kind's name for it.
    type: host.source.type === null ? type : null,
    method: 'GET',
    contentType: 'application/json',
    headers: [],
    body: Buffer.from(JSON.stringify(document)),
    peer: null,
  };
}
