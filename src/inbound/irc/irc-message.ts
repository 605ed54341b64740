/** What somebody said on IRC as an item; null = it is not for us. */
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';
import { hear } from '../chat/hear.ts';
import { isAllowedByMask } from './allowed-by-mask.ts';
import type { IrcSettings } from './settings.ts';

export interface Said {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
  readonly account: string | null;
  /** null = said to us alone. */
  readonly channel: string | null;
  readonly text: string;
  /** IRCv3 msgid; null = the server gives none. */
  readonly messageId: string | null;
}

export interface IrcPlace {
  readonly host: InboundHost;
  readonly settings: IrcSettings;
  /** Our nick at the moment, and the network's name for itself. */
  readonly nick: string;
  readonly network: string;
}

export function ircItem({ host, settings, nick, network }: IrcPlace, said: Said): InboundItem | null {
  const { channel, account, messageId, ...person } = said;
  const text = withoutFormats(said.text);
  const { listen = 'mentions', prefix = '!', allow = [] } = settings;
  const isPrivate = channel === null;
  const heard = hear(text, { listen, prefix, nick }, isPrivate);
  if (heard === null || !isAllowedByMask(allow, said)) return null;
  const body = { network, channel, ...person, text, command: heard.command, args: heard.args, isPrivate };
  return {
    type: host.source.type === null ? 'irc.message' : null,
    dedupeKey: messageId === null ? null : `${network} ${messageId}`,
    orderingKey: channel ?? person.nick,
    method: 'POST',
    contentType: 'application/json',
    headers: [],
    body: Buffer.from(JSON.stringify(body)),
    peer: null,
    meta: { network, channel, nick: person.nick, account, messageId },
  };
}

/** Bold, colours and the like (modern.ircdocs.horse/formatting). */
function withoutFormats(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
      .replace(/\u0003(\d{1,2}(,\d{1,2})?)?|\u0004([0-9a-f]{6}(,[0-9a-f]{6})?)?/gi, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
      .replace(/[\u0000-\u001f\u007f]/g, '')
  );
}
