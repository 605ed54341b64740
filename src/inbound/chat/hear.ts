/** Which lines of a chat are for us, and what they ask. */

/** `mentions`: those that name us; `commands`: those that begin with the prefix. What is said privately is always for us. */
export type Listen = 'mentions' | 'all' | 'commands';

export interface Listener {
  readonly listen: Listen;
  /** Of commands in a room, e.g. `!`. */
  readonly prefix: string;
  /** Our name there at the moment. */
  readonly nick: string;
}

export interface Heard {
  /** The first word of what was asked, in lower case, without the prefix; null when nothing was asked of us. */
  readonly command: string | null;
  /** The words after it. */
  readonly args: readonly string[];
}

const ARGS_MAX = 100;

/** null = not for us. A command begins with the prefix, or follows our name (`posthorn: deploy web`), or is private. */
export function hear(text: string, { listen, prefix, nick }: Listener, isPrivate: boolean): Heard | null {
  const spoken = text.trim();
  if (spoken === '') return null;
  const asked = afterName(spoken, nick);
  const rest = asked ?? spoken;
  const isPrefixed = rest.startsWith(prefix) && rest.length > prefix.length;
  const isForUs =
    isPrivate ||
    listen === 'all' ||
    (listen === 'commands' ? isPrefixed : asked !== null || names(spoken, nick));
  if (!isForUs) return null;
  if (!isPrefixed && asked === null && !isPrivate) return { command: null, args: [] };
  const [command = '', ...args] = (isPrefixed ? rest.slice(prefix.length) : rest).trim().split(/\s+/);
  return command === ''
    ? { command: null, args: [] }
    : { command: command.toLowerCase(), args: args.slice(0, ARGS_MAX) };
}

/** What follows our name at the beginning: `nick: …`, `nick, …`, `@nick …`; null = it does not begin with it. */
function afterName(text: string, nick: string): string | null {
  const start = text.startsWith('@') ? 1 : 0;
  const name = text.slice(start, start + nick.length);
  if (name.toLowerCase() !== nick.toLowerCase()) return null;
  const rest = text.slice(start + nick.length);
  const mark = /^[:,]?\s+|^[:,]$/.exec(rest);
  if (rest !== '' && (mark === null || (start === 0 && !/^[:,]/.test(rest)))) return null;
  return rest.slice(mark?.[0].length ?? 0);
}

/** Whether our name stands in it as a word of its own. */
function names(text: string, nick: string): boolean {
  const [whole, name] = [text.toLowerCase(), nick.toLowerCase()];
  for (let at = whole.indexOf(name); at >= 0; at = whole.indexOf(name, at + 1))
    if (!isNameLetter(whole[at - 1]) && !isNameLetter(whole[at + name.length])) return true;
  return false;
}

function isNameLetter(letter: string | undefined): boolean {
  return letter !== undefined && /[\p{L}\p{N}_-]/u.test(letter);
}
