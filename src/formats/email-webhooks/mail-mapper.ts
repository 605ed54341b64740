/** What a provider's mail webhook is mapped by, and to. */
import type { ParsedBody, ReceivedFile } from '../../core/received/event-document.ts';
import type { Email } from '../email-shape.ts';
import type { FormatLimits } from '../limits.ts';
import type { Members } from '../own.ts';

/** One message as a provider tells it; `raw`: all that it sent is the message itself, `known` is what it adds. */
export type Mapped =
  | { readonly email: Email; readonly files: readonly ReceivedFile[] }
  | { readonly raw: string; readonly known: Partial<Email> };
/** null: not what this provider sends for a message; the body stays what it is. */
export type MailMapper = (body: Members, outer: ParsedBody, limits: FormatLimits) => Mapped[] | null;
