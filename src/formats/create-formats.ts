/** Wires the room: encodings undone, then the type, then what is around and inside. */

import { Problem } from '../core/problem.ts';
import type { ParsedBody } from '../core/received/event-document.ts';
import type { BodyInput, Formats } from '../ports/formats.ts';
import { binaryAttributes } from './cloud-events.ts';
import { decodeBody } from './decode.ts';
import { withMeta } from './email-meta.ts';
import type { Email } from './email-shape.ts';
import { unwrap, unwrapSns } from './inner-document.ts';
import { FORMAT_LIMITS, type FormatLimits } from './limits.ts';
import { firstHeader, parseMediaType } from './media-type.ts';
import { readBody } from './read-body.ts';
import { parsed, whenRead } from './reading.ts';

/** `limits`: what differs from `FORMAT_LIMITS`. The room keeps no state between calls. */
export function createFormats(limits: Partial<FormatLimits> = {}): Formats {
  const all: FormatLimits = { ...FORMAT_LIMITS, ...limits };
  return {
    decode: (headers, body) => decodeBody(headers, body, all),
    parse: (input) => parseBody(input, all),
  };
}

function parseBody(input: BodyInput, limits: FormatLimits): ParsedBody | Promise<ParsedBody> {
  const type = parseMediaType(input.contentType ?? firstHeader(input.headers, 'content-type'));
  return whenRead(decodedOrProblem(input, limits), (bytes) =>
    bytes instanceof Problem
      ? parsed('raw', null, { error: bytes.message })
      : whenRead(readBody({ bytes, type, limits }), (body) => opened(body, input, limits)),
  );
}

/** What is around the value goes to the envelope, what is inside of it becomes the value. */
function opened(body: ParsedBody, input: BodyInput, limits: FormatLimits): ParsedBody | Promise<ParsedBody> {
  const { headers, payloadFrom, meta } = input;
  const outer = unwrapSns(withAttributes(body, input), headers, limits);
  if (outer.format === 'email')
    return meta ? { ...outer, value: withMeta(outer.value as Email, meta) } : outer;
  if (payloadFrom === null) return outer;
  return payloadFrom.startsWith('email:')
    ? mailOf(outer, payloadFrom.slice('email:'.length), limits)
    : unwrap(outer, payloadFrom, limits);
}

/** Loaded when the first mail comes: the libraries of mail take 30 MB and a tenth of a second. */
async function mailOf(outer: ParsedBody, provider: string, limits: FormatLimits): Promise<ParsedBody> {
  const { readMailWebhook } = await import('./email-webhooks.ts');
  return readMailWebhook(outer, provider, limits);
}

function withAttributes(body: ParsedBody, { headers }: BodyInput): ParsedBody {
  const attributes = body.envelope === null ? binaryAttributes(headers) : null;
  return attributes === null ? body : { ...body, envelope: attributes };
}

function decodedOrProblem(
  { headers, body }: BodyInput,
  limits: FormatLimits,
): Uint8Array | Problem | Promise<Uint8Array | Problem> {
  try {
    const decoded = decodeBody(headers, body, limits);
    return decoded instanceof Promise ? decoded.catch(asProblem) : decoded;
  } catch (error) {
    return asProblem(error);
  }
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}
