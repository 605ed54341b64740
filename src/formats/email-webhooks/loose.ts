/** Reading members of what a vendor sent: the type that is documented, or nothing. */
import { isObject } from '../../core/is-object.ts';
import type { ReceivedFile } from '../../core/received/event-document.ts';
import { type Attachment, type EmailHeaders, headersOfPairs, type Mailbox } from '../email-shape.ts';
import { parseJson } from '../json.ts';
import type { FormatLimits } from '../limits.ts';
import { getOwn, type Members } from '../own.ts';

export function textOf(members: Members, name: string): string | undefined {
  const value = getOwn(members, name);
  return typeof value === 'string' ? value : undefined;
}

export function membersOf(members: Members, name: string): Members {
  const value = getOwn(members, name);
  return isObject(value) ? value : {};
}

export function listOf(members: Members, name: string): readonly unknown[] {
  const value = getOwn(members, name);
  return Array.isArray(value) ? value : [];
}

export const textsOf = (list: readonly unknown[]): string[] => list.filter((one) => typeof one === 'string');

/** A number, or the text of one. */
export function numberOf(members: Members, name: string): number | null {
  const value = getOwn(members, name);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** JSON inside of a form's field. */
export function jsonOf(members: Members, name: string, limits: FormatLimits): unknown {
  const json = parseJson(textOf(members, name) ?? '', limits);
  return 'value' in json ? json.value : undefined;
}

/** Of `{name: string | string[]}`. */
export function headersOfMembers(members: Members, rename: (name: string) => string): EmailHeaders {
  return headersOfPairs(
    Object.entries(members).flatMap(([name, value]) =>
      textsOf(Array.isArray(value) ? value : [value]).map((one) => [rename(name), one] as const),
    ),
  );
}

export const mailboxOf = (address: string | undefined, name: string | undefined): Mailbox | null =>
  address ? { address, name: name ?? '' } : null;

export interface Enclosed {
  readonly attachment: Attachment;
  readonly file: ReceivedFile;
}

export interface Enclosure {
  readonly name: string | undefined;
  readonly contentType: string | undefined;
  readonly cid: string | undefined;
  readonly inline: boolean;
  readonly bytes: Uint8Array;
}

export function enclosed({ name, contentType, cid, inline, bytes }: Enclosure, index: number): Enclosed {
  const shown = {
    name: name ?? '',
    contentType: contentType || 'application/octet-stream',
    size: bytes.byteLength,
  };
  return {
    attachment: { ...shown, cid: cid?.replace(/^<|>$/g, '') || null, inline },
    file: { ...shown, field: `attachment_${index + 1}`, bytes },
  };
}

export const fromBase64 = (text: string | undefined): Uint8Array => Buffer.from(text ?? '', 'base64');

export const bothOf = (
  all: readonly Enclosed[],
): { attachments: readonly Attachment[]; files: readonly ReceivedFile[] } => ({
  attachments: all.map(({ attachment }) => attachment),
  files: all.map(({ file }) => file),
});

/** The verdict at the start of what servers write: `Pass (…)`, `softfail`; null = none. */
export const verdictOf = (text: string | undefined): string | null =>
  /^\s*(pass|fail|softfail|neutral|none|temperror|permerror)\b/i.exec(text ?? '')?.[1]?.toLowerCase() ?? null;
