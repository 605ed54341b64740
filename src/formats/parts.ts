/** A multipart body (RFC 2046 §5.1) as its parts, bounded in number and in header bytes. */
import { Dicer } from '@fastify/busboy';
import type { FormatLimits } from './limits.ts';
import type { Content } from './reading.ts';

export interface Part {
  /** Names in lower case; of a repeated name the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

export interface Parts {
  readonly parts: readonly Part[];
  /** What is wrong with the whole, although parts were found. */
  readonly error: string | null;
}

const BOUNDARY_MAX = 200;
const HEADER_PAIRS_MAX = 100;
/** Of a header that was cut, blanks and a line's end may be missing besides. */
const CUT_SLACK = 16;

/** Resolves with a string: why there are no parts. */
export function splitParts({ bytes, type, limits }: Content): Promise<Parts | string> {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const named = type.parameters.get('boundary');
  const used = named !== undefined && body.includes(`--${named}`, 0, 'latin1') ? named : firstLine(body);
  if (!used || used.length > BOUNDARY_MAX) return Promise.resolve('its boundary is not in it');
  if (hasMoreParts(body, used, limits.parts))
    return Promise.resolve(`it has more than ${limits.parts} parts`);
  const error =
    named === undefined || named === used ? null : 'The boundary is not the one that the type names.';
  return collect(body, used, limits, error);
}

/** What a body calls its boundary itself. */
const firstLine = (body: Buffer): string | null =>
  /^--([^\r\n]{1,200}?)[ \t]*\r\n/.exec(body.toString('latin1', 0, BOUNDARY_MAX + 8))?.[1] ?? null;

function hasMoreParts(body: Buffer, boundary: string, most: number): boolean {
  const delimiter = Buffer.from(`\n--${boundary}`, 'latin1');
  let count = 0;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + delimiter.length)) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}

interface Open {
  headers: ReadonlyMap<string, string>;
  readonly chunks: Buffer[];
}

function collect(
  body: Buffer,
  boundary: string,
  { partHeaderBytes }: FormatLimits,
  wrongName: string | null,
): Promise<Parts | string> {
  return new Promise((resolve) => {
    const open: Open[] = [];
    let error = wrongName;
    const note = (): void => {
      error ??= 'The body ends before its closing boundary.';
    };
    // Its declared type forgets the last one.
    const config = { boundary, maxHeaderPairs: HEADER_PAIRS_MAX, maxHeaderSize: partHeaderBytes };
    const dicer = new Dicer(config);
    dicer.on('part', (stream) => {
      const part: Open = { headers: new Map(), chunks: [] };
      open.push(part);
      stream.on('header', (headers: object) => {
        part.headers = firstOfEach(headers);
        if (isCut(headers, partHeaderBytes))
          error ??= 'The header of a part is too long; its end was left out.';
      });
      stream.on('data', (chunk: Buffer | string) => part.chunks.push(chunk as Buffer));
      stream.on('error', note);
    });
    dicer.on('error', note);
    dicer.on('finish', () => {
      if (open.some(({ headers }) => headers.size === 0)) error ??= 'A part has no header that can be read.';
      const parts = open
        .map(({ headers, chunks }) => ({ headers, bytes: together(chunks) }))
        .filter(({ headers, bytes }) => headers.size > 0 || bytes.byteLength > 0);
      resolve(parts.length === 0 ? 'it has no part' : { parts, error });
    });
    dicer.end(body);
  });
}

const together = (chunks: readonly Buffer[]): Uint8Array =>
  chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);

/** The splitter leaves out silently what is over its limits. */
function isCut(headers: object, most: number): boolean {
  const lines = Object.entries(headers).flatMap(([name, values]: [string, string[]]) =>
    values.map((value) => name.length + value.length + ': \r\n'.length),
  );
  const length = lines.reduce((sum, one) => sum + one, 0);
  return lines.length >= HEADER_PAIRS_MAX || length >= most - CUT_SLACK;
}

/** Header bytes are UTF-8 today (RFC 7578 §5.1); the splitter gives them as latin1. */
function firstOfEach(headers: object): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const [name, values] of Object.entries(headers) as [string, string[]][])
    first.set(name, Buffer.from(values[0] ?? '', 'latin1').toString('utf8'));
  return first;
}
