/**
 * How far a mailbox has been read. UIDs grow and are never used again as long as UIDVALIDITY stays (RFC 9051 §2.3.1.1).
 * When it changes, all UIDs mean something else: then what came lately is read again, and known by its key.
 */

/** Keys of the messages taken last. */
const RECENT_MAX = 500;
const DAY_MS = 86_400_000;

export interface Cursor {
  /** Which mailbox it is of. */
  readonly of: string;
  readonly uidValidity: string;
  readonly lastUid: number;
  /** Newest last. */
  readonly recent: readonly string[];
  /** When the mailbox was last read to its end (ms). */
  readonly readAt: number;
  /** After a change of UIDVALIDITY: of UIDs below `upTo` only those since then, and those that are not in `recent`. */
  readonly again: { readonly upTo: number; readonly since: number } | null;
}

/** The mailbox as it is now. */
export interface MailboxState {
  readonly of: string;
  readonly uidValidity: string;
  readonly uidNext: number;
}

/** Where to go on. `stored`: whatever was read as the cursor. */
export function cursorFor(
  stored: unknown,
  { of, uidValidity, uidNext }: MailboxState,
  { startsNew, now }: { startsNew: boolean; now: number },
): Cursor {
  const cursor = stored as Cursor | null;
  if (cursor === null || cursor.of !== of) {
    const lastUid = startsNew ? Math.max(uidNext - 1, 0) : 0;
    return { of, uidValidity, lastUid, recent: [], readAt: now, again: null };
  }
  if (cursor.uidValidity === uidValidity) return cursor;
  const again = { upTo: uidNext, since: cursor.readAt - DAY_MS };
  return { ...cursor, uidValidity, lastUid: 0, again };
}

/** The message was taken, or is never to be. */
export function afterMessage(cursor: Cursor, uid: number, key: string): Cursor {
  const recent = [...cursor.recent.filter((known) => known !== key), key].slice(-RECENT_MAX);
  return { ...cursor, lastUid: uid, recent };
}

/** There is no more for now. */
export function atEnd(cursor: Cursor, now: number): Cursor {
  const { again, lastUid } = cursor;
  return {
    ...cursor,
    readAt: now,
    again: null,
    lastUid: Math.max(lastUid, again === null ? 0 : again.upTo - 1),
  };
}

/** A message of before UIDVALIDITY changed that was taken already. */
export function isKnown({ again, recent }: Cursor, uid: number, key: string): boolean {
  return again !== null && uid < again.upTo && recent.includes(key);
}
