/**
 * What a NOTIFY says: a letter and its words. A node of another version may say what this one does not know: then it is
 * nothing to us, because a notice only hurries what is found in the tables anyway.
 */
import type { DestinationId, OrganizationId } from '../../core/ids.ts';
import type { LaneKey } from '../../ports/queue.ts';

export type Notice =
  /** `l org_… id,id,…`: lanes with new work. */
  | { readonly kind: 'lanes'; readonly lanes: readonly LaneKey[] }
  /** `a`: any lane may have new work. */
  | { readonly kind: 'all-lanes' }
  /** `c org_… 12`: the catalog has this version. */
  | { readonly kind: 'catalog'; readonly organization: OrganizationId; readonly version: number }
  /** `o`: there may be something in the outbox. */
  | { readonly kind: 'outbox' }
  /** `m`: members or shards have changed. */
  | { readonly kind: 'members' };

/** PostgreSQL takes less than 8000 bytes. All that is written here is ASCII. */
const PAYLOAD_CHARS_MAX = 7_900;

export const ALL_LANES = 'a';

export function parseNotice(payload: string): Notice | undefined {
  const [letter, organization, words] = payload.split(' ') as [string, OrganizationId?, string?];
  if (letter === 'l' && organization && words) {
    const ids = words.split(',') as DestinationId[];
    return { kind: 'lanes', lanes: ids.map((destinationId) => ({ organization, destinationId })) };
  }
  if (letter === 'c' && organization && words)
    return { kind: 'catalog', organization, version: Number(words) };
  if (letter === ALL_LANES) return { kind: 'all-lanes' };
  if (letter === 'o') return { kind: 'outbox' };
  if (letter === 'm') return { kind: 'members' };
  return undefined;
}

/** As few payloads as these lanes of an organization fit in. */
export function lanePayloads(organization: OrganizationId, ids: Iterable<DestinationId>): readonly string[] {
  const head = `l ${organization} `;
  const payloads: string[] = [];
  let payload = '';
  for (const id of ids) {
    if (payload !== '' && payload.length + 1 + id.length > PAYLOAD_CHARS_MAX) {
      payloads.push(payload);
      payload = '';
    }
    payload += payload === '' ? head + id : `,${id}`;
  }
  if (payload !== '') payloads.push(payload);
  return payloads;
}
