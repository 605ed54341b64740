/** Takes what is new in an open mailbox: take, then mark, then the cursor. A crash in between brings a message again. */
import type { FetchMessageObject } from 'imapflow';
import type { Clock } from '../../ports/clock.ts';
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';
import type { Log } from '../../ports/log.ts';
import { messageHeaders, messageKey } from '../mail/message-headers.ts';
import type { Steady } from '../steady.ts';
import { takeAgain } from '../take-again.ts';
import { afterMessage, atEnd, type Cursor, cursorFor, isKnown } from './cursor.ts';
import { type ImapConnection, MESSAGE_BYTES_MAX } from './imap-client.ts';
import type { ImapSettings } from './settings.ts';

/** How often the cursor is written while there are many: what came after it is known by its key. */
const CURSOR_EVERY = 50;

export interface Round {
  readonly connection: ImapConnection;
  readonly settings: ImapSettings;
  readonly host: InboundHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly steady: Steady;
}

/** Rejects with a sentence when the server or the store failed; then the same messages come with the next round. */
export async function readMailbox(round: Round): Promise<void> {
  const { host, settings, clock, steady } = round;
  const stored = await host.readCursor();
  let cursor = cursorFor(stored, stateOf(round), {
    startsNew: settings.start === 'new',
    now: clock.now(),
  });
  if (stored === null) await host.writeCursor(cursor);
  let unwritten = 0;
  for (const uid of await newUids(round, cursor)) {
    if (steady.isStopped) break;
    cursor = await readOne(round, cursor, uid);
    if (++unwritten < CURSOR_EVERY) continue;
    await host.writeCursor(cursor);
    unwritten = 0;
  }
  if (!steady.isStopped) cursor = atEnd(cursor, clock.now());
  await host.writeCursor(cursor);
}

function stateOf({ connection, settings }: Round): Parameters<typeof cursorFor>[1] {
  const { mailbox } = connection.client;
  if (!mailbox) throw new Error(`The mailbox ${settings.mailbox} is not open.`);
  const { uidValidity, uidNext } = mailbox;
  return { of: placeOf(settings), uidValidity: String(uidValidity), uidNext };
}

const placeOf = ({ user, host, mailbox }: ImapSettings): string =>
  `imap://${encodeURIComponent(user)}@${host}/${encodeURIComponent(mailbox)}`;

/** Ascending. */
async function newUids({ connection, settings }: Round, cursor: Cursor): Promise<number[]> {
  const { client, within } = connection;
  const after = `${cursor.lastUid + 1}:*`;
  const from = settings.start instanceof Date ? { since: settings.start } : {};
  const search = async (range: string, more: object): Promise<number[]> => {
    const found = await within('a search', client.search({ uid: range, ...more }, { uid: true }));
    if (!Array.isArray(found)) throw new Error(`${settings.host} refused the search for new messages.`);
    return found;
  };
  let uids = await search(after, from);
  const { again } = cursor;
  if (again !== null) {
    const late = new Set(await search(after, { since: new Date(again.since) }));
    uids = uids.filter((uid) => uid >= again.upTo || late.has(uid));
  }
  // "n:*" names the last message even when its UID is smaller.
  return uids.filter((uid) => uid > cursor.lastUid).sort((a, b) => a - b);
}

async function readOne(round: Round, cursor: Cursor, uid: number): Promise<Cursor> {
  const { connection, host, steady, log } = round;
  const { client, within, fetchMs } = connection;
  const maxLength = Math.min(host.source.bodyBytesMax ?? MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX);
  const query = { source: { maxLength }, size: true, internalDate: true, flags: true };
  const found = await within('a message', client.fetchOne(String(uid), query, { uid: true }), fetchMs);
  // Somebody has removed it meanwhile.
  if (!found || found.source === undefined) return { ...cursor, lastUid: uid };
  const item = itemOf(round, cursor, found);
  const key = messageKey(item.headers, found.source);
  if (isKnown(cursor, uid, key)) return afterMessage(cursor, uid, key);
  const taken = await takeAgain(host, item, steady);
  if (taken.kind === 'untaken' && !taken.isFinal) throw new Error(taken.detail);
  if (taken.kind === 'untaken')
    log.warn('imap.message-refused', { sourceId: host.source.id, uid, detail: taken.detail });
  else await mark(round, uid);
  return afterMessage(cursor, uid, key);
}

function itemOf({ settings }: Round, cursor: Cursor, found: FetchMessageObject): InboundItem {
  const { uid, size, flags, internalDate } = found;
  const body = found.source!;
  return {
    type: null,
    // RFC 5092: what names a message for ever.
    dedupeKey: `${placeOf(settings)};UIDVALIDITY=${cursor.uidValidity}/;UID=${uid}`,
    orderingKey: null,
    method: 'POST',
    contentType: 'message/rfc822',
    headers: messageHeaders(body),
    body,
    peer: null,
    meta: {
      mailbox: settings.mailbox,
      uid,
      uidValidity: cursor.uidValidity,
      flags: [...(flags ?? [])],
      internalDate: internalDate === undefined ? null : new Date(internalDate).toISOString(),
      size: size ?? body.length,
      /** The message is longer than what may be taken; the body is its beginning. */
      truncated: (size ?? 0) > body.length,
    },
  };
}

async function mark({ connection, settings }: Round, uid: number): Promise<void> {
  const { client, within } = connection;
  const { afterwards, moveTo, host } = settings;
  const range = String(uid);
  const by = { uid: true };
  const work =
    afterwards === 'seen'
      ? client.messageFlagsAdd(range, ['\\Seen'], by)
      : afterwards === 'move'
        ? client.messageMove(range, moveTo!, by)
        : afterwards === 'delete'
          ? client.messageDelete(range, by)
          : Promise.resolve(true);
  const isDone = await within(`to ${afterwards} a message`, work as Promise<unknown>);
  if (isDone === false) throw new Error(`${host} refused to ${afterwards} message ${uid}.`);
}
