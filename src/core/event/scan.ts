/**
 * Finds the top-level members of a JSON object in its raw bytes, without copying or building the values: a payload is
 * stored, signed and sent as the bytes that came. The whole text is checked against RFC 8259, so that what is accepted
 * here is what any JSON parser accepts.
 *
 * Each `skip…` takes where a value starts and gives where it ends, or `~at` (negative) when it is faulty at `at`.
 */

export type MemberKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** Where a member's value is: from its first byte to after its last. */
export interface Member {
  readonly start: number;
  readonly end: number;
  readonly kind: MemberKind;
}

export type Scanned =
  /** By decoded key; of a key that comes twice, the last. */
  | { readonly ok: true; readonly members: ReadonlyMap<string, Member> }
  /** `at` is the byte of the fault. */
  | { readonly ok: false; readonly at: number; readonly msg: string };

export const JSON_DEPTH_MAX = 128;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** 1 = goes on in a string; 0 = quote, backslash or a control character, which a string must escape. */
const PLAIN = new Uint8Array(256).fill(1).fill(0, 0, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;
const ESCAPED = flags('"\\/bfnrt');
const DIGIT = flags('0123456789');
const HEX = flags('0123456789abcdefABCDEF');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

/**
 * Walks one JSON object. The caller has checked that the bytes are UTF-8. Work and memory are bounded by the length of
 * the bytes, nesting (the object itself counts) by `depthMax`.
 */
export function scanObject(bytes: Uint8Array, { depthMax = JSON_DEPTH_MAX } = {}): Scanned {
  const members = new Map<string, Member>();
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_OBJECT) return fault(bytes, at, 'The body is not a JSON object');
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_OBJECT) return ended(bytes, at + 1, members);
  for (;;) {
    const keyEnd = bytes[at] === QUOTE ? skipString(bytes, at) : ~at;
    if (keyEnd < 0) return fault(bytes, ~keyEnd, 'A member name is not a JSON string');
    const key = readText(bytes, at, keyEnd);
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) return fault(bytes, at, 'A colon is missing');
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start, depthMax);
    if (end < 0) return fault(bytes, ~end, 'The JSON is not valid, or nested too deeply,');
    members.set(key, { start, end, kind: kindOf(bytes[start]!) });
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_OBJECT) return ended(bytes, at + 1, members);
    if (bytes[at] !== COMMA) return fault(bytes, at, 'A comma or the closing brace is missing');
    at = skipSpace(bytes, at + 1);
  }
}

/** The text of a JSON string, or of a member name, that the scan has found from quote to quote. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bufferOf(bytes);
  for (let i = start + 1; i < end - 1; i++) {
    if (bytes[i] === BACKSLASH) return JSON.parse(buffer.toString('utf8', start, end)) as string;
  }
  return buffer.toString('utf8', start + 1, end - 1);
}

/** The value of any member that the scan has found. */
export function readValue(bytes: Uint8Array, member: Member): unknown {
  return JSON.parse(bufferOf(bytes).toString('utf8', member.start, member.end));
}

function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first === OPEN_OBJECT) return skipObject(bytes, at, depth - 1);
  if (first === OPEN_ARRAY) return skipArray(bytes, at, depth - 1);
  if (first === TRUE[0]) return skipLiteral(bytes, at, TRUE);
  if (first === FALSE[0]) return skipLiteral(bytes, at, FALSE);
  if (first === NULL[0]) return skipLiteral(bytes, at, NULL);
  return skipNumber(bytes, at);
}

/** `depth` = how many levels are left, this one counted. */
function skipObject(bytes: Uint8Array, open: number, depth: number): number {
  if (depth <= 0) return ~open;
  let at = skipSpace(bytes, open + 1);
  if (bytes[at] === CLOSE_OBJECT) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return ~at;
    at = skipString(bytes, at);
    if (at < 0) return at;
    at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) return ~at;
    at = skipValue(bytes, skipSpace(bytes, at + 1), depth);
    if (at < 0) return at;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1);
  }
}

function skipArray(bytes: Uint8Array, open: number, depth: number): number {
  if (depth <= 0) return ~open;
  let at = skipSpace(bytes, open + 1);
  if (bytes[at] === CLOSE_ARRAY) return at + 1;
  for (;;) {
    at = skipValue(bytes, at, depth);
    if (at < 0) return at;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1);
  }
}

/** Most of a payload is inside strings, so this loop is most of the scan. */
function skipString(bytes: Uint8Array, open: number): number {
  const length = bytes.length;
  let at = open + 1;
  for (;;) {
    while (at < length && PLAIN[bytes[at]!] === 1) at++;
    if (at >= length) return ~at;
    const stop = bytes[at];
    if (stop === QUOTE) return at + 1;
    if (stop !== BACKSLASH) return ~at;
    at = skipEscape(bytes, at);
    if (at < 0) return at;
  }
}

function skipEscape(bytes: Uint8Array, at: number): number {
  const kind = bytes[at + 1] ?? 0;
  if (kind !== 0x75 /* u */) return ESCAPED[kind] === 1 ? at + 2 : ~(at + 1);
  for (let i = at + 2; i < at + 6; i++) {
    if (HEX[bytes[i] ?? 0] !== 1) return ~i;
  }
  return at + 6;
}

function skipLiteral(bytes: Uint8Array, at: number, literal: Uint8Array): number {
  for (let i = 1; i < literal.length; i++) {
    if (bytes[at + i] !== literal[i]) return ~(at + i);
  }
  return at + literal.length;
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  // A leading zero stands alone.
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (at >= 0 && bytes[at] === 0x2e /* . */) at = skipDigits(bytes, at + 1);
  if (at >= 0 && (bytes[at] === 0x65 /* e */ || bytes[at] === 0x45) /* E */) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, sign === 0x2b || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

/** At least one digit. */
function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (DIGIT[bytes[at] ?? 0] === 1) at++;
  return at === start ? ~at : at;
}

/** Small, so that it is inlined where no space follows, which is nearly everywhere. */
function skipSpace(bytes: Uint8Array, at: number): number {
  return bytes[at]! > 0x20 ? at : skipSpaces(bytes, at);
}

function skipSpaces(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

function kindOf(first: number): MemberKind {
  if (first === OPEN_OBJECT) return 'object';
  if (first === QUOTE) return 'string';
  if (first === OPEN_ARRAY) return 'array';
  if (first === NULL[0]) return 'null';
  return first === TRUE[0] || first === FALSE[0] ? 'boolean' : 'number';
}

function ended(bytes: Uint8Array, end: number, members: ReadonlyMap<string, Member>): Scanned {
  const at = skipSpace(bytes, end);
  return at < bytes.length ? fault(bytes, at, 'There is more after the JSON object') : { ok: true, members };
}

function fault(bytes: Uint8Array, at: number, what: string): Scanned {
  const where = at < bytes.length ? `at byte ${at}` : 'at its end: it is cut short or empty';
  return { ok: false, at: Math.min(at, bytes.length), msg: `${what} ${where}.` };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function flags(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}
