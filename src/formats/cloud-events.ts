/** CloudEvents 1.0 in its three HTTP forms; the attributes are the envelope, the data is the value. */
import { isObject } from '../core/is-object.ts';
import type { ParsedBody } from '../core/received/event-document.ts';
import type { RawHeaders } from '../core/received/received.ts';
import { readJson } from './json.ts';
import { firstHeader, parseMediaType } from './media-type.ts';
import { getOwn, type Members, setOwn, withoutOwn } from './own.ts';
import { type Content, isUnreadable, parsed, type Reading, unreadable, whenRead } from './reading.ts';

export type ReadData = (content: Content) => ParsedBody | Promise<ParsedBody>;

const PREFIX = 'ce-';

/** Binary form: attributes of `ce-*` headers, percent-decoded (HTTP binding §3.1.3.2); null when it is no CloudEvent. */
export function binaryAttributes(headers: RawHeaders): Members | null {
  if (firstHeader(headers, 'ce-specversion') === null) return null;
  const attributes: Members = {};
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    if (name.startsWith(PREFIX) && !Object.hasOwn(attributes, name.slice(PREFIX.length)))
      setOwn(attributes, name.slice(PREFIX.length), percentDecoded(value));
  }
  const contentType = firstHeader(headers, 'content-type');
  if (contentType !== null) setOwn(attributes, 'datacontenttype', contentType);
  return attributes;
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Structured form: `data`, or what `data_base64` holds, read by its `datacontenttype`. */
export function readCloudEvent(content: Content, read: ReadData): Reading | Promise<Reading> {
  const json = readJson(content);
  if (isUnreadable(json)) return json;
  if (!isCloudEvent(json.value))
    return { ...json, error: 'It claims to be a CloudEvent but has no specversion.' };
  const envelope = attributesOf(json.value);
  return whenRead(dataOf(json.value, content, read), (data) => ({
    ...data,
    envelope,
    error: json.error ?? data.error,
  }));
}

/** Batch: `value` is the array of the data, `envelope` is `{specversion, batch: attributes of each}`. */
export function readCloudEvents(content: Content, read: ReadData): Reading | Promise<Reading> {
  const json = readJson(content);
  if (isUnreadable(json)) return json;
  const events = json.value;
  if (!Array.isArray(events) || !events.every(isCloudEvent))
    return { ...json, error: 'It claims to be a batch of CloudEvents but is no array of them.' };
  if (events.length > content.limits.batch)
    return unreadable(`it has more than ${content.limits.batch} events`);
  const envelope = {
    specversion: events[0]?.specversion ?? null,
    batch: events.map(attributesOf),
  };
  const all = events.map((event) => dataOf(event, content, read));
  const isThere = (data: (typeof all)[number]): data is ParsedBody => !(data instanceof Promise);
  return whenRead(all.every(isThere) ? all : Promise.all(all), (data) =>
    parsed(
      'json',
      data.map(({ value }) => value),
      {
        envelope,
        files: data.flatMap(({ files }) => files),
        error: json.error ?? data.find(({ error }) => error !== null)?.error ?? null,
      },
    ),
  );
}

const isCloudEvent = (value: unknown): value is Members =>
  isObject(value) && typeof getOwn(value, 'specversion') === 'string';

const attributesOf = (event: Members): Members => withoutOwn(withoutOwn(event, 'data'), 'data_base64');

function dataOf(event: Members, { limits }: Content, read: ReadData): ParsedBody | Promise<ParsedBody> {
  const base64 = getOwn(event, 'data_base64');
  if (typeof base64 !== 'string') return parsed('json', getOwn(event, 'data') ?? null);
  const contentType = getOwn(event, 'datacontenttype');
  const type = parseMediaType(typeof contentType === 'string' ? contentType : null);
  return read({ bytes: Buffer.from(base64, 'base64'), type, limits });
}
