/**
 * `multipart/form-data` (RFC 7578): fields become the value, by the rules of a form's names; files become `files`. A
 * field that says it is JSON is read as JSON. Any other `multipart/*`: the value is an array of `{name, contentType,
 * value}`, one for each part, read by its own type; parts that are no text are `files`, and null in the array. Parts
 * that are multipart or mail themselves stay bytes: nothing nests.
 */
import { isObject } from '../core/is-object.ts';
import type { ParsedBody, ReceivedFile } from '../core/received/event-document.ts';
import { decodeCharacters } from './characters.ts';
import { headerParameters } from './header-parameters.ts';
import { parseJson } from './json.ts';
import type { FormatLimits } from './limits.ts';
import { kindOf, type MediaType, parseMediaType } from './media-type.ts';
import { NestedNames } from './nested-names.ts';
import { getOwn } from './own.ts';
import { type Part, splitParts } from './parts.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

/** Reads one part whose kind is read at once. */
export type ReadPart = (content: Content) => ParsedBody | Promise<ParsedBody>;

interface Named {
  readonly name: string | undefined;
  readonly fileName: string | undefined;
  readonly type: MediaType;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export async function readMultipart(content: Content, read: ReadPart): Promise<Reading> {
  const split = await splitParts(content);
  if (typeof split === 'string') return unreadable(split);
  const parts = split.parts.map(named);
  const isForm =
    content.type.essence === 'multipart/form-data' ||
    (!content.type.essence.startsWith('multipart/') && parts.every(({ name }) => name !== undefined));
  return isForm ? formData(parts, split.error, content) : await mixed(parts, split.error, content, read);
}

function formData(parts: readonly Named[], wrong: string | null, { limits }: Content): ParsedBody {
  const names = new NestedNames(limits.formDepth);
  const files: ReceivedFile[] = [];
  const charsets = charsetsOf(parts, limits);
  let error = wrong;
  for (const [index, part] of parts.entries()) {
    const field = part.name ?? `part_${index + 1}`;
    if (part.name === undefined) error ??= 'A part has no name.';
    const kind = kindOf(part.type.essence);
    const isField =
      part.fileName === undefined && (part.type.essence === '' || kind === 'text' || kind === 'json');
    if (!isField) {
      files.push(fileOf(part, field));
      continue;
    }
    const charset = part.type.parameters.get('charset') ?? charsets(field);
    const { text, error: badText } = decodeCharacters(part.bytes, charset);
    error ??= badText;
    const json = kind === 'json' ? parseJson(text, limits) : null;
    names.add(field, json && 'value' in json ? json.value : text);
  }
  return parsed('multipart', names.done(), { files, error });
}

/** A field may say the charset of all (`_charset_`, RFC 7578 §4.6) or of each (SendGrid's `charsets`, JSON). */
function charsetsOf(parts: readonly Named[], limits: FormatLimits): (field: string) => string | undefined {
  const textOf = (field: string): string | undefined => {
    const part = parts.find(({ name }) => name === field);
    return part === undefined ? undefined : decodeCharacters(part.bytes, undefined).text.trim();
  };
  const ofAll = textOf('_charset_');
  const json = parseJson(textOf('charsets') ?? '', limits);
  const ofEach = 'value' in json && isObject(json.value) ? json.value : {};
  return (field) => {
    const own = getOwn(ofEach, field);
    return typeof own === 'string' ? own : ofAll;
  };
}

async function mixed(
  parts: readonly Named[],
  wrong: string | null,
  { limits }: Content,
  read: ReadPart,
): Promise<ParsedBody> {
  const value: unknown[] = [];
  const files: ReceivedFile[] = [];
  let error = wrong;
  for (const [index, part] of parts.entries()) {
    const name = part.name ?? part.fileName ?? null;
    const staysBytes = part.fileName !== undefined || /^(multipart|message)\//.test(part.type.essence);
    const inner = staysBytes
      ? parsed('raw', null)
      : await read({ bytes: part.bytes, type: part.type, limits });
    if (inner.format === 'raw') files.push(fileOf(part, name ?? `part_${index + 1}`));
    error ??= inner.error;
    value.push({ name, contentType: part.contentType, value: inner.value });
  }
  return parsed('multipart', value, { files, error });
}

function named({ headers, bytes }: Part): Named {
  const disposition = headerParameters(headers.get('content-disposition') ?? '');
  const contentType = headers.get('content-type') ?? '';
  const isBase64 = headers.get('content-transfer-encoding')?.trim().toLowerCase() === 'base64';
  return {
    name: disposition.parameters.get('name') || undefined,
    fileName: disposition.parameters.get('filename'),
    type: parseMediaType(contentType),
    contentType,
    bytes: isBase64 ? Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64') : bytes,
  };
}

function fileOf(part: Named, field: string): ReceivedFile {
  return {
    field,
    name: lastSegment(part.fileName ?? ''),
    contentType: part.contentType || 'application/octet-stream',
    size: part.bytes.byteLength,
    bytes: part.bytes,
  };
}

/** Old browsers send the whole path; nobody should be led outside a folder by a name. */
const lastSegment = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
