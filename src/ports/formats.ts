/** Reading bytes as what they say they are, bounded (the formats room implements it; the engine gets it as a value). */
import type { ParsedBody } from '../core/received/event-document.ts';
import type { RawHeaders } from '../core/received/received.ts';

export interface Formats {
  /**
   * Never throws or rejects for what a sender sent: what cannot be read is told in `error`. Sniffs when the type is
   * missing or wrong. `contentType`: what the source says it is, whatever the sender says; null = as it says.
   */
  parse(input: BodyInput): ParsedBody | Promise<ParsedBody>;
  /** Undoes Content-Encoding (gzip, br, deflate), bounded in bytes and ratio. Problem payload_too_large | unsupported_media_type | generic_error. */
  decode(headers: RawHeaders, body: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface BodyInput {
  readonly headers: RawHeaders;
  /** As stored: with whatever Content-Encoding the headers say. */
  readonly body: Uint8Array;
  readonly contentType: string | null;
  /** The document inside, as the provider's `payloadFrom` says, e.g. `form:payload`; null = the body is it. */
  readonly payloadFrom: string | null;
  /** What the way in knows of a mail besides its bytes: `envelope`, `auth`, `spam`, `tag` of the e-mail shape. */
  readonly meta?: Readonly<Record<string, unknown>> | null;
}
