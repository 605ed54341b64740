/** Which reader gets the bytes, and what is said when they are not what they claim. */
import type { ParsedBody } from '../core/received/event-document.ts';
import { looksBinary } from './characters.ts';
import { readForm } from './form.ts';
import { readJson, readNdjson } from './json.ts';
import { readJwt } from './jwt.ts';
import { type Kind, kindOf } from './media-type.ts';
import { type Content, isUnreadable, parsed, type Reading, unreadable, whenRead } from './reading.ts';
import { type Readers, sniff } from './sniff.ts';
import { readRaw, readText } from './text.ts';

const notYet = (): Reading => unreadable('no reader');
const READERS: Readers = {
  json: readJson,
  ndjson: readNdjson,
  form: readForm,
  jwt: readJwt,
  text: readText,
  multipart: notYet,
  xml: notYet,
  csv: notYet,
  email: notYet,
  cloudevent: readJson,
  cloudevents: readJson,
};

/** What plain bytes say. A wrong claim is told in `error`; a type that is missing, or that clients send unasked, is not. */
export function readBody(content: Content): ParsedBody | Promise<ParsedBody> {
  if (content.bytes.byteLength === 0) return parsed('none', null);
  const kind = kindOf(content.type.essence);
  if (kind === 'binary') return readRaw();
  if (kind === 'unknown' || kind === 'text') return sniff(content, READERS, null);
  if (kind === 'form' && isNoForm(content)) return sniff(content, READERS, null);
  return whenRead<Reading, ParsedBody>(READERS[kind](content), (reading) =>
    isUnreadable(reading) ? readAsFound(content, kind, reading.unreadable) : reading,
  );
}

function readAsFound(content: Content, kind: Kind, why: string): ParsedBody | Promise<ParsedBody> {
  return whenRead(sniff(content, READERS, kind), (found) => ({
    ...found,
    error: `The body claims to be ${content.type.essence} but is not (${why}); it was read as ${found.format}.`,
  }));
}

/** `curl -d` calls everything a form. */
function isNoForm({ bytes }: Content): boolean {
  const first = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart()[0];
  return first === '{' || first === '[' || first === '<' || looksBinary(bytes);
}
