/** Answers to a client: a basic code (RFC 5321 §4.2.3) and a text that begins with an enhanced one (RFC 3463). */
export interface Reply {
  readonly code: 250 | 421 | 451 | 452 | 550 | 552;
  readonly text: string;
}

/** How the listener's library is told of a refusal. */
export class Refusal extends Error {
  readonly responseCode: number;

  constructor({ code, text }: Reply) {
    super(text);
    this.responseCode = code;
  }
}

export const UNKNOWN_MAILBOX: Reply = { code: 550, text: '5.1.1 There is no such mailbox here' };
export const TRY_LATER: Reply = { code: 451, text: '4.3.0 Nothing can be stored now, try again later' };
export const NO_ROOM: Reply = { code: 452, text: '4.3.1 Too much is being received now, try again later' };
export const SENDER_REFUSED: Reply = {
  code: 550,
  text: '5.7.1 This mailbox takes mail of certain senders only',
};
export const TOO_MANY_CONNECTIONS: Reply = {
  code: 421,
  text: '4.7.0 Too many connections, try again later',
};
export const TOO_MANY_COMMANDS: Reply = { code: 421, text: '4.7.0 Too many commands without a message' };
export const TOO_MANY_UNKNOWN: Reply = { code: 421, text: '4.7.0 Too many unknown mailboxes' };
export const TOO_SLOW: Reply = { code: 421, text: '4.4.2 Too slow' };
export const CLOSING: Reply = { code: 421, text: '4.3.2 The server is stopping, try again later' };

export const tooLarge = (bytesMax: number): Reply => ({
  code: 552,
  text: `5.3.4 The message is larger than ${bytesMax} bytes`,
});

/**
 * The one answer for several mailboxes. A sender that may not know of a loss must not be told that all is well, so what
 * is to be tried again wins over what is refused, and that over what is stored: `dedupeKey` makes repeating harmless.
 */
export function answerOf(replies: readonly Reply[]): Reply {
  const later = replies.find(({ code }) => code < 500 && code !== 250);
  if (later !== undefined) return later;
  const refused = replies.filter(({ code }) => code !== 250);
  const [first] = refused;
  if (first !== undefined) {
    if (refused.length === replies.length) return first;
    return { ...first, text: `${first.text} (${replies.length - refused.length} other mailboxes took it)` };
  }
  return { code: 250, text: `2.6.0 Stored as ${replies.map(({ text }) => text).join(' ')}` };
}
