/** A message stanza as an item; null = it is not for us, or nobody has said anything with it. */
import type { Element } from '@xmpp/client';
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';
import { hear } from '../chat/hear.ts';
import { bareOf, isAllowedByJid, resourceOf } from './allowed-by-jid.ts';
import type { XmppSettings } from './settings.ts';

export const NS_DELAY = 'urn:xmpp:delay';
const NS_STANZA_ID = 'urn:xmpp:sid:0';

export interface XmppPlace {
  readonly host: InboundHost;
  readonly settings: XmppSettings;
  /** Our nick in a room where we are; undefined = we are not there. */
  nickIn(room: string): string | undefined;
  /** Who stands behind an occupant of a room; null = the room does not say. */
  realOf(occupant: string): string | null;
}

export function xmppItem({ host, settings, nickIn, realOf }: XmppPlace, stanza: Element): InboundItem | null {
  const { from = '', type = 'normal', id = null } = stanza.attrs;
  const text = stanza.getChildText('body')?.trim() ?? '';
  const bare = bareOf(from);
  const isPrivate = type !== 'groupchat';
  const room = isPrivate ? null : bare;
  const nick = resourceOf(from);
  if (text === '' || from === '' || !['chat', 'normal', 'groupchat'].includes(type)) return null;
  if (isPrivate ? bare === settings.jid.toLowerCase() : isEchoOrHistory(stanza, nick, nickIn(bare)))
    return null;
  const { listen = 'mentions', prefix = '!', allow = [] } = settings;
  const heard = hear(text, { listen, prefix, nick: nickIn(bare) ?? settings.username }, isPrivate);
  if (heard === null || !isAllowedByJid(allow, { from, real: realOf(from) })) return null;
  const thread = stanza.getChildText('thread');
  const body = { from, bare, room, nick: isPrivate ? null : nick, text, thread, id };
  return {
    type: host.source.type === null ? 'xmpp.message' : null,
    dedupeKey: keyOf(stanza, room ?? settings.jid.toLowerCase(), from),
    orderingKey: bare,
    method: 'POST',
    contentType: 'application/json',
    headers: [],
    body: Buffer.from(JSON.stringify({ ...body, command: heard.command, args: heard.args, isPrivate })),
    peer: null,
    meta: {
      from,
      room,
      real: realOf(from),
      delayed: stanza.getChild('delay', NS_DELAY)?.attrs.stamp ?? null,
    },
  };
}

/** A room says to everybody what somebody said, to that one too, and to newcomers what was said before. */
function isEchoOrHistory(stanza: Element, nick: string, own: string | undefined): boolean {
  return own === undefined || nick === '' || nick === own || stanza.getChild('delay', NS_DELAY) !== undefined;
}

/** XEP-0359: the archive's id, if it is of whom we trust for it, else the sender's own. */
function keyOf(stanza: Element, by: string, from: string): string | null {
  const given = stanza
    .getChildren('stanza-id', NS_STANZA_ID)
    .find(({ attrs }) => bareOf(attrs.by ?? '') === by);
  if (given?.attrs.id) return `${by} ${given.attrs.id}`;
  const origin = stanza.getChild('origin-id', NS_STANZA_ID)?.attrs.id;
  return origin ? `${from} ${origin}` : null;
}
