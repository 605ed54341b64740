/** Who may talk to us on XMPP: the server vouches for every address. */

export interface XmppPerson {
  /** Full address of who wrote; in a room the room's and the nick. */
  readonly from: string;
  /** Who that is, when the room says so. */
  readonly real: string | null;
}

/** `ann@example.org`, `example.org`, a room, or `room@…/nick`. An empty list allows everybody. */
export function isAllowedByJid(allow: readonly string[], { from, real }: XmppPerson): boolean {
  if (allow.length === 0) return true;
  const addresses = real === null ? [from] : [from, real];
  return allow.some((entry) => addresses.some((address) => matches(entry, address)));
}

function matches(entry: string, address: string): boolean {
  if (entry.includes('/')) return normal(entry) === normal(address);
  const bare = bareOf(address);
  return entry.toLowerCase() === (entry.includes('@') ? bare : bare.slice(bare.indexOf('@') + 1));
}

/** Without the resource, in lower case (RFC 7622 §3.2–3.3, for what is not beyond ASCII). */
export function bareOf(jid: string): string {
  return jid.split('/', 1)[0]!.toLowerCase();
}

/** '' = none. */
export function resourceOf(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? '' : jid.slice(slash + 1);
}

function normal(jid: string): string {
  return `${bareOf(jid)}/${resourceOf(jid)}`;
}
