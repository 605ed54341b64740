/** What strangers may cost us at the mail port. */
export interface SmtpLimits {
  /** Of a message; a source may take less. */
  readonly messageBytesMax: number;
  /** Of all messages that are being received or stored at one time. */
  readonly heldBytesMax: number;
  readonly recipientsMax: number;
  readonly connectionsMax: number;
  readonly connectionsPerPeerMax: number;
  /** Of a command line (RFC 5321 §4.5.3.1.4: 512, extensions add to it). */
  readonly commandBytesMax: number;
  /** Commands that bring no message. */
  readonly commandsMax: number;
  readonly unknownMailboxesMax: number;
  /** Silence. */
  readonly idleMs: number;
  /** From connecting, or the last message, to DATA; and from DATA to the end of the message. */
  readonly stageMs: number;
  /** Looking up SPF, DKIM and DMARC. */
  readonly checkMs: number;
  /** Storing; RFC 5321 §4.5.3.2.6 has clients wait ten minutes. */
  readonly takeMs: number;
  /** Messages that are being received when the node stops. */
  readonly closeMs: number;
}

export const SMTP_LIMITS: SmtpLimits = {
  messageBytesMax: 25 * 1024 * 1024,
  heldBytesMax: 256 * 1024 * 1024,
  recipientsMax: 50,
  connectionsMax: 200,
  connectionsPerPeerMax: 20,
  commandBytesMax: 4096,
  commandsMax: 300,
  unknownMailboxesMax: 20,
  idleMs: 60_000,
  stageMs: 300_000,
  checkMs: 5_000,
  takeMs: 60_000,
  closeMs: 5_000,
};
