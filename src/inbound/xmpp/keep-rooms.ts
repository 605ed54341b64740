/** Being in our rooms (XEP-0045): entered again when we were put out, with another nick while ours is taken. */
import type { Element } from '@xmpp/client';
import type { Chat } from '../chat/run-chat.ts';
import { bareOf, resourceOf } from './allowed-by-jid.ts';
import type { XmppRoom } from './settings.ts';

const NS_MUC = 'http://jabber.org/protocol/muc';
const NS_USER = `${NS_MUC}#user`;
const NS_OWNER = `${NS_MUC}#owner`;
const OURS = '110';
const IS_NEW = '201';
const NICKS_MAX = 5;
/** Of all rooms together. */
const OCCUPANTS_MAX = 10_000;

type Xml = typeof import('@xmpp/client').xml;

export interface Rooms {
  /** Enters those that we are not in. */
  tend(): void;
  /** true = it was about one of our rooms. */
  heardPresence(stanza: Element): boolean;
  nickIn(room: string): string | undefined;
  realOf(occupant: string): string | null;
}

interface Place {
  readonly room: XmppRoom;
  nick: string;
  tries: number;
  isIn: boolean;
  refusal: string | null;
}

interface Parts {
  readonly xml: Xml;
  send(stanza: Element): void;
  readonly chat: Chat;
}

export function keepRooms(rooms: readonly XmppRoom[], parts: Parts): Rooms {
  const places = new Map<string, Place>();
  for (const room of rooms)
    places.set(room.jid, { room, nick: room.nick, tries: 0, isIn: false, refusal: null });
  const people = new Map<string, string>();

  const tell = (): void => {
    const out = [...places.values()].filter(({ isIn }) => !isIn);
    const refused = out.find(({ refusal }) => refusal !== null);
    if (refused) parts.chat.troubled(`${refused.room.jid}: ${refused.refusal}`);
    else if (out.length === 0) parts.chat.ready();
  };
  return {
    heardPresence(stanza) {
      const { from = '', type } = stanza.attrs;
      const place = places.get(bareOf(from));
      if (place === undefined) return false;
      const user = stanza.getChild('x', NS_USER);
      const statuses = user?.getChildren('status').map(({ attrs }) => attrs.code) ?? [];
      if (type === 'error') refused(place, stanza, parts);
      else if (statuses.includes(OURS))
        cameOrWent(place, { stanza, isNew: statuses.includes(IS_NEW) }, parts);
      const real = user?.getChild('item')?.attrs.jid;
      if (type === 'unavailable') people.delete(from);
      else if (real && people.size < OCCUPANTS_MAX) people.set(from, real);
      tell();
      return true;
    },
    tend() {
      for (const place of places.values()) if (!place.isIn) enter(place, parts);
      tell();
    },
    nickIn: (room) => places.get(room)?.nick,
    realOf: (occupant) => people.get(occupant) ?? null,
  };
}

function enter({ room, nick }: Place, { xml, send }: Parts): void {
  const password = room.password === undefined ? [] : [xml('password', {}, room.password)];
  // What was said before we came was said to others.
  const x = xml('x', { xmlns: NS_MUC }, xml('history', { maxstanzas: '0' }), ...password);
  send(xml('presence', { to: `${room.jid}/${nick}` }, x));
}

function refused(place: Place, stanza: Element, parts: Parts): void {
  const error = stanza.getChild('error');
  const condition = error?.getChildElements()[0]?.name ?? 'refused';
  if (condition === 'conflict' && !place.isIn && place.tries < NICKS_MAX) {
    place.tries += 1;
    place.nick = `${place.room.nick}${'_'.repeat(place.tries)}`;
    enter(place, parts);
  } else place.refusal = error?.getChildText('text') ?? condition.replaceAll('-', ' ');
}

function cameOrWent(
  place: Place,
  { stanza, isNew }: { readonly stanza: Element; readonly isNew: boolean },
  { xml, send }: Parts,
): void {
  const { from = '', type } = stanza.attrs;
  place.isIn = type !== 'unavailable';
  place.refusal = place.isIn ? null : 'we were put out';
  place.nick = place.isIn ? resourceOf(from) : place.room.nick;
  place.tries = 0;
  if (!isNew) return;
  // A room that nobody had is locked until its owner agrees with its settings (XEP-0045 §10.1.2).
  const form = xml('x', { xmlns: 'jabber:x:data', type: 'submit' });
  send(xml('iq', { type: 'set', to: place.room.jid, id: 'room' }, xml('query', { xmlns: NS_OWNER }, form)));
}
