/** Which reader gets the bytes, and what is said when they are not what they claim. */
import type { ParsedBody } from '../core/received/event-document.ts';
import { looksBinary } from './characters.ts';
import { readCloudEvent, readCloudEvents } from './cloud-events.ts';
import { readCsv } from './csv.ts';
import { readForm } from './form.ts';
import { readJson, readNdjson } from './json.ts';
import { readJwt } from './jwt.ts';
import { type Kind, kindOf } from './media-type.ts';
import { readMultipart } from './multipart.ts';
import { type Content, isUnreadable, parsed, type Reading, unreadable, whenRead } from './reading.ts';
import { type Readers, sniff } from './sniff.ts';
import { readRaw, readText } from './text.ts';
import { readXml } from './xml.ts';

const READERS: Readers = {
  json: readJson,
  ndjson: readNdjson,
  form: readForm,
  multipart: (content) => readMultipart(content, readInner),
  xml: readXml,
  csv: readCsv,
  text: readText,
  jwt: readJwt,
  // Loaded when the first mail comes: the libraries of mail take 30 MB and a tenth of a second.
  email: async (content) => (await import('./email.ts')).readEmail(content),
  cloudevent: (content) => readCloudEvent(content, readInner),
  cloudevents: (content) => readCloudEvents(content, readInner),
};
const staysBytes = (): Reading => unreadable('it is inside of something else');
/** What is inside of another body has no bodies of its own: nothing nests. */
const INNER_READERS: Readers = {
  ...READERS,
  multipart: staysBytes,
  email: staysBytes,
  cloudevent: staysBytes,
  cloudevents: staysBytes,
};

/** What plain bytes say. A wrong claim is told in `error`; a type that is missing, or that clients send unasked, is not. */
export function readBody(content: Content, readers: Readers = READERS): ParsedBody | Promise<ParsedBody> {
  if (content.bytes.byteLength === 0) return parsed('none', null);
  const kind = kindOf(content.type.essence);
  if (kind === 'binary') return readRaw();
  if (kind === 'unknown' || kind === 'text') return sniff(content, readers, null);
  if (kind === 'form' && isNoForm(content)) return sniff(content, readers, null);
  return whenRead<Reading, ParsedBody>(readers[kind](content), (reading) =>
    isUnreadable(reading) ? readAsFound(content, kind, reading.unreadable, readers) : reading,
  );
}

function readInner(content: Content): ParsedBody | Promise<ParsedBody> {
  const nests = INNER_READERS[kindOf(content.type.essence) as keyof Readers] === staysBytes;
  return nests ? readRaw() : readBody(content, INNER_READERS);
}

function readAsFound(
  content: Content,
  kind: Kind,
  why: string,
  readers: Readers,
): ParsedBody | Promise<ParsedBody> {
  return whenRead(sniff(content, readers, kind), (found) => ({
    ...found,
    error: `The body claims to be ${content.type.essence} but is not (${why}); it was read as ${found.format}.`,
  }));
}

/** `curl -d` calls everything a form. */
function isNoForm({ bytes }: Content): boolean {
  const first = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart()[0];
  return first === '{' || first === '[' || first === '<' || looksBinary(bytes);
}
