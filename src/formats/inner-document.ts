/** The document that a provider wraps in a string of an outer one, as its `payloadFrom` says. */
import { isObject } from '../core/is-object.ts';
import type { ParsedBody } from '../core/received/event-document.ts';
import type { RawHeaders } from '../core/received/received.ts';
import { compilePipe } from '../core/verification/pipes.ts';
import { parseJson } from './json.ts';
import { parseJwt } from './jwt.ts';
import type { FormatLimits } from './limits.ts';
import { firstHeader, parseMediaType } from './media-type.ts';
import { getOwn, type Members, withoutOwn } from './own.ts';
import { isUnreadable } from './reading.ts';
import { readXml } from './xml.ts';

/** What the string was written in before does not count any more. */
const UTF8_XML = parseMediaType('application/xml; charset=utf-8');

/**
 * `form:<field>`, `json:<member>`, `jwt:<claim>`: the value becomes what that string says (JSON, XML, a JWT's claims,
 * else the string), and the envelope what was around it: `{form: other fields}`, the other members, `{header, claims:
 * the others}`. Pipes of a selector may follow: `form:signed_request|split:.:1|unbase64`. A body without it stays as it
 * is: Slack sends some events as a form and some as JSON.
 */
export function unwrap(outer: ParsedBody, payloadFrom: string, limits: FormatLimits): ParsedBody {
  const colon = payloadFrom.indexOf(':');
  const from = payloadFrom.slice(0, colon);
  const [name = '', ...pipes] = payloadFrom.slice(colon + 1).split('|');
  const { value } = outer;
  const text = piped(isObject(value) ? getOwn(value, name) : undefined, pipes);
  if (!isObject(value) || typeof text !== 'string') return outer;
  const others = withoutOwn(value, name);
  if (from === 'form' && (outer.format === 'form' || outer.format === 'multipart'))
    return withInner(outer, text, { form: others }, limits);
  if (from === 'json' && outer.format === 'json') return withInner(outer, text, others, limits);
  if (from === 'jwt' && outer.format === 'jwt')
    return withInner(outer, text, { header: outer.envelope, claims: others }, limits);
  return outer;
}

/** undefined = a pipe can make nothing of it. */
function piped(value: unknown, pipes: readonly string[]): unknown {
  if (typeof value !== 'string') return value;
  return pipes.reduce<readonly string[]>((texts, pipe) => compilePipe(pipe)?.(texts) ?? [], [value])[0];
}

/** The envelope of Amazon SNS, which it sends as text/plain and announces in a header (absent with raw delivery). */
export function unwrapSns(outer: ParsedBody, headers: RawHeaders, limits: FormatLimits): ParsedBody {
  if (firstHeader(headers, 'x-amz-sns-message-type') === null || outer.format !== 'json') return outer;
  const { value } = outer;
  return isObject(value) && typeof getOwn(value, 'TopicArn') === 'string'
    ? unwrap(outer, 'json:Message', limits)
    : outer;
}

function withInner(outer: ParsedBody, text: string, envelope: Members, limits: FormatLimits): ParsedBody {
  const json = /^\s*[[{]/.test(text) ? parseJson(text, limits) : null;
  if (json && 'value' in json) return { ...outer, format: 'json', value: json.value, envelope };
  const xml = /^\s*</.test(text) ? readXml({ bytes: Buffer.from(text), type: UTF8_XML, limits }) : null;
  if (xml !== null && !isUnreadable(xml)) return { ...outer, format: 'xml', value: xml.value, envelope };
  const jwt = parseJwt(text, limits);
  if (jwt) return { ...outer, format: 'jwt', value: jwt.claims, envelope: { ...envelope, jwt: jwt.header } };
  return { ...outer, format: 'text', value: text, envelope };
}
