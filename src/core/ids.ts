/**
 * Ids. A stored id is a bare KsuidMs: 4 bytes of seconds since 2014-05-13, 1 byte of 4 ms ticks, 15 random bytes
 * (20 bytes in all; 27 characters of base62, which sort as the bytes do). The prefix is rendered at the edge from
 * what the id names, so a stored id never changes its spelling. Format: svix-ksuid's KsuidMs.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The subject of an organization's token, prefix included (`org_…`); any such subject is an organization. */
export type OrganizationId = Branded<'organization'>;
/** A bare 27-character id; what it names is the second half of the brand. */
export type Id<Name extends string> = Branded<Name>;
export type ApplicationId = Id<'application'>;
export type DestinationId = Id<'destination'>;
export type EventId = Id<'event'>;
export type AttemptId = Id<'attempt'>;

/** Prefix of each kind of id on the wire. The `app` routes call an event `msg_` and a destination `ep_`. */
export const PREFIXES = {
  application: 'app_',
  destination: 'dst_',
  endpoint: 'ep_',
  event: 'evt_',
  message: 'msg_',
  attempt: 'atmpt_',
  eventType: 'evtype_',
  backgroundTask: 'qtask_',
  apiKey: 'key_',
  poller: 'poll_',
  audit: 'audit_',
  operationalEndpoint: 'ep_',
  integration: 'integ_',
} as const;
export type PrefixName = keyof typeof PREFIXES;

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const EPOCH_SECONDS = 1_400_000_000;
const CHUNK = 62 ** 3;
const ID_CHARS = 27;
const ID_BYTES = 20;
const CODES = new Uint8Array(128).fill(255);
for (let i = 0; i < ALPHABET.length; i++) CODES[ALPHABET.charCodeAt(i)] = i;

/** A new bare id for the instant `nowMs`; `random` are at least 15 bytes from the dice. */
export function newId<Name extends string>(nowMs: number, random: Uint8Array): Id<Name> {
  const bytes = new Uint8Array(ID_BYTES);
  const seconds = Math.floor(nowMs / 1000) - EPOCH_SECONDS;
  bytes[0] = seconds >>> 24;
  bytes[1] = seconds >>> 16;
  bytes[2] = seconds >>> 8;
  bytes[3] = seconds;
  bytes[4] = (nowMs % 1000) >> 2;
  bytes.set(random.subarray(0, 15), 5);
  return idFromBytes(bytes);
}

/** The smallest (`edge: 'first'`) or largest id that an instant can have; used to turn times into id ranges. */
export function idAt(atMs: number, edge: 'first' | 'last'): Id<never> {
  return newId(Math.max(atMs, EPOCH_SECONDS * 1000), new Uint8Array(15).fill(edge === 'first' ? 0 : 255));
}

/** The instant inside an id, in ms, exact to 4 ms. */
export function idTime(id: string): number {
  const bytes = idToBytes(id);
  const seconds = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
  return (seconds + EPOCH_SECONDS) * 1000 + bytes[4]! * 4;
}

/** 20 bytes to 27 base62 characters: long division by 62 over five 32-bit words. */
export function idFromBytes<Name extends string>(bytes: Uint8Array): Id<Name> {
  const words = new Uint32Array(5);
  for (let i = 0; i < 5; i++) {
    const at = i * 4;
    words[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  let text = '';
  // 62^3 · 2^32 < 2^53: each pass of long division is exact and yields three digits, nine passes instead of 27.
  for (let pass = 0; pass < 9; pass++) {
    let remainder = 0;
    for (let i = 0; i < 5; i++) {
      const value = remainder * 4294967296 + words[i]!;
      words[i] = Math.floor(value / CHUNK);
      remainder = value % CHUNK;
    }
    for (let digit = 0; digit < 3; digit++) {
      text = ALPHABET[remainder % 62]! + text;
      remainder = Math.floor(remainder / 62);
    }
  }
  return text as Id<Name>;
}
/** 27 base62 characters back to 20 bytes. The caller has checked the shape with `isId`. */
export function idToBytes(id: string): Uint8Array {
  const words = new Float64Array(5);
  for (let i = 0; i < ID_CHARS; i++) {
    let carry = CODES[id.charCodeAt(i)]!;
    for (let w = 4; w >= 0; w--) {
      const value = words[w]! * 62 + carry;
      words[w] = value % 4294967296;
      carry = Math.floor(value / 4294967296);
    }
  }
  const bytes = new Uint8Array(ID_BYTES);
  for (let i = 0; i < 5; i++) {
    const word = words[i]!;
    bytes[i * 4] = word >>> 24;
    bytes[i * 4 + 1] = word >>> 16;
    bytes[i * 4 + 2] = word >>> 8;
    bytes[i * 4 + 3] = word;
  }
  return bytes;
}

/** True when `text` is a bare id: 27 base62 characters that fit in 20 bytes. */
export function isId(text: string): boolean {
  if (text.length !== ID_CHARS || text > LARGEST) return false;
  for (let i = 0; i < ID_CHARS; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || CODES[code] === 255) return false;
  }
  return true;
}
const LARGEST = 'aWgEPTl1tmebfsQzFP4bxwgy80V';

/** A wire id with its prefix, or undefined when the text is not one of that kind. */
export function parseId<Name extends string>(text: string, prefix: PrefixName): Id<Name> | undefined {
  const head = PREFIXES[prefix];
  if (!text.startsWith(head)) return undefined;
  const bare = text.slice(head.length);
  return isId(bare) ? (bare as Id<Name>) : undefined;
}

export function renderId(id: string, prefix: PrefixName): string {
  return PREFIXES[prefix] + id;
}
