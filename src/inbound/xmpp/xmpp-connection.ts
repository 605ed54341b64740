/** One connection to an XMPP server: log in, be present and in our rooms, hear, answer. */
import type { Client, Element } from '@xmpp/client';
import type { InboundHost } from '../../ports/inbound.ts';
import { paced } from '../chat/paced.ts';
import type { Chat } from '../chat/run-chat.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { type Acknowledgements, acknowledgements } from './acknowledgements.ts';
import { bareOf, isAllowedByJid } from './allowed-by-jid.ts';
import { dialXmpp } from './dial-xmpp.ts';
import { keepRooms, type Rooms } from './keep-rooms.ts';
import type { XmppSettings } from './settings.ts';
import { xmppItem } from './xmpp-message.ts';
import { connectOver } from './xmpp-transport.ts';

export interface XmppRun {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: XmppSettings;
  readonly chat: Chat;
}

type Xml = typeof import('@xmpp/client').xml;

const ONLINE_WITHIN_MS = 30_000;
/** How often the server is pinged, and what was refused is tried again. */
const TEND_MS = 60_000;
const ANSWERED_WITHIN_MS = 20_000;
/** Each step of the login. */
const STEP_WITHIN_MS = 10_000;
const STOPPED_WITHIN_MS = 1_000;
const NS_RECEIPTS = 'urn:xmpp:receipts';
const REPLY_CHARS_MAX = 10_000;

/** Returns when the chat is over; rejects with why the server could not be reached. */
export async function connectXmpp(run: XmppRun): Promise<void> {
  const { parts, settings, chat } = run;
  const { client: makeClient, xml } = await import('@xmpp/client');
  const socket = await dialXmpp(parts.web, settings, chat.stopping);
  const { username, domain, password, resource = 'posthorn' } = settings;
  const client = makeClient({
    ...{ service: 'xmpp://dialled', domain, username, password, resource, timeout: STEP_WITHIN_MS },
  });
  // Its own reconnecting keeps the address and waits always the same.
  client.reconnect.stop();
  connectOver(client, socket, settings.tls !== 'none');
  client.on('error', (error: unknown) => chat.fail(toldOf(error)));
  client.on('disconnect', () => chat.fail(new Error('The server closed the connection.')));
  let leave = (): void => {};
  const acks = acknowledgements(client, xml);
  client.on('online', () => {
    acks.begin();
    leave = bePresent(run, client, { xml, acks });
  });
  const cancelWatch = parts.clock.after(ONLINE_WITHIN_MS, () =>
    chat.fail(new Error(`The server did not let us in within ${ONLINE_WITHIN_MS / 1000} s.`)),
  );
  client.start().then(cancelWatch, (error) => chat.fail(toldOf(error)));
  try {
    await chat.over;
    if (chat.stopping.aborted) await chat.settled();
  } finally {
    cancelWatch();
    leave();
    await stopped(client, parts);
    socket.destroy();
  }
}

/** Everything after the login; the returned function ends it. */
function bePresent(
  { parts, host, settings, chat }: XmppRun,
  client: Client,
  { xml, acks }: { readonly xml: Xml; readonly acks: Acknowledgements },
): () => void {
  const send = (stanza: Element): void => {
    // What cannot be sent was lost with the connection, which tells so itself.
    client.send(stanza).catch(() => {});
  };
  const rooms = keepRooms(settings.rooms, { xml, send, chat });
  const out = paced<Element>(parts.clock, send);
  const takeMessage = (stanza: Element, handled: () => void): void => {
    const item = xmppItem({ host, settings, nickIn: rooms.nickIn, realOf: rooms.realOf }, stanza);
    if (item === null) {
      handled();
      return;
    }
    chat.hear(item, (taken) => {
      // Whoever stops in the middle leaves it to the server, which brings it again.
      if (taken.kind === 'untaken' && chat.stopping.aborted) return;
      const receipt = taken.kind === 'untaken' ? null : receiptOf(stanza, xml);
      if (receipt) send(receipt);
      const reply = taken.kind === 'accepted' ? taken.reply?.trim() : '';
      if (reply) out.say([replyTo(settings, stanza, { reply, xml })]);
      handled();
    });
  };
  client.on('stanza', (stanza: Element) => {
    const handled = acks.arrived();
    if (stanza.is('message')) {
      takeMessage(stanza, handled);
      return;
    }
    if (stanza.is('presence')) takePresence(settings, stanza, { rooms, send, xml });
    handled();
  });
  let cancel = (): void => {};
  const tend = (): void => {
    cancel = parts.clock.after(TEND_MS, tend);
    rooms.tend();
    const ping = xml('iq', { type: 'get', to: settings.domain }, xml('ping', { xmlns: 'urn:xmpp:ping' }));
    client.iqCaller.request(ping, ANSWERED_WITHIN_MS).catch((error: Error) => {
      // A refusal is a sign of life as well.
      if (error.name === 'TimeoutError') chat.fail(new Error('The server fell silent.'));
    });
  };
  send(xml('presence'));
  tend();
  return () => {
    cancel();
    out.stop();
  };
}

/** Somebody who asks to see us may, if allowed by name; a room's presence is for the rooms. */
function takePresence(
  { allow = [] }: XmppSettings,
  stanza: Element,
  { rooms, send, xml }: { readonly rooms: Rooms; send(stanza: Element): void; readonly xml: Xml },
): void {
  const { from = '', type } = stanza.attrs;
  if (rooms.heardPresence(stanza) || type !== 'subscribe') return;
  const isAllowed = allow.length > 0 && isAllowedByJid(allow, { from, real: null });
  send(xml('presence', { to: bareOf(from), type: isAllowed ? 'subscribed' : 'unsubscribed' }));
}

function receiptOf(stanza: Element, xml: Xml): Element | null {
  const { from, id, type } = stanza.attrs;
  if (type === 'groupchat' || !from || !id || !stanza.getChild('request', NS_RECEIPTS)) return null;
  return xml('message', { to: from, type: 'chat' }, xml('received', { xmlns: NS_RECEIPTS, id }));
}

function replyTo(
  settings: XmppSettings,
  stanza: Element,
  { reply, xml }: { readonly reply: string; readonly xml: Xml },
): Element {
  const { from = '', type } = stanza.attrs;
  const isToRoom = type === 'groupchat' && settings.replyTo !== 'sender';
  const thread = stanza.getChildText('thread');
  return xml(
    'message',
    { to: isToRoom ? bareOf(from) : from, type: isToRoom ? 'groupchat' : 'chat' },
    xml('body', {}, allowedInXml(reply.slice(0, REPLY_CHARS_MAX))),
    ...(thread ? [xml('thread', {}, thread)] : []),
  );
}

/** XML 1.0 §2.2: another character, and the server ends the stream. */
function allowedInXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
}

function toldOf(error: unknown): unknown {
  const { condition, text, name } = error as { condition?: string; text?: string; name?: string };
  if (condition === undefined) return error;
  const advice = name === 'SASLError' ? ' Check `jid` and `password`.' : '';
  return new Error(`The server said: ${text || condition.replaceAll('-', ' ')}.${advice}`);
}

async function stopped(client: Client, { clock }: InboundParts): Promise<void> {
  if (client.status !== 'online') return;
  await new Promise<void>((resolve) => {
    const cancel = clock.after(STOPPED_WITHIN_MS, resolve);
    client
      .stop()
      .catch(() => {})
      .finally(() => {
        cancel();
        resolve();
      });
  });
}
