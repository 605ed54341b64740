/** Who may talk to us on IRC. A nick is whose it is at the moment: only a host or an account says who it is. */
import { matchesGlob } from '../chat/glob.ts';

export interface IrcPerson {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
  /** As the services know them (IRCv3 account-tag); null = not logged in, or the server does not say. */
  readonly account: string | null;
}

/** `nick`, `user@host`, `nick!user@host` with `*` and `?`, or `account:name`. An empty list allows everybody. */
export function isAllowedByMask(allow: readonly string[], person: IrcPerson): boolean {
  return allow.length === 0 || allow.some((entry) => matches(entry, person));
}

function matches(entry: string, { nick, user, host, account }: IrcPerson): boolean {
  if (entry.startsWith('account:'))
    return account !== null && folded(entry.slice('account:'.length)) === folded(account);
  const mask = entry.includes('!') ? entry : entry.includes('@') ? `*!${entry}` : `${entry}!*@*`;
  return matchesGlob(folded(mask), folded(`${nick}!${user}@${host}`));
}

/** RFC 2812 §2.2: the letters of Scandinavia of 1988. */
export function folded(name: string): string {
  return name
    .toLowerCase()
    .replace(/[[\]\\~]/g, (letter) => ({ '[': '{', ']': '}', '\\': '|', '~': '^' })[letter]!);
}
