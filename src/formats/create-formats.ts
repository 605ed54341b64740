/** Wires the room: encodings undone, then the type, then what is around and inside. */

import { Problem } from '../core/problem.ts';
import type { ParsedBody } from '../core/received/event-document.ts';
import type { BodyInput, Formats } from '../ports/formats.ts';
import { decodeBody } from './decode.ts';
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
  const plain = decodedOrProblem(input, limits);
  return whenRead<Uint8Array | Problem, ParsedBody>(plain, (bytes) =>
    bytes instanceof Problem
      ? parsed('raw', null, { error: bytes.message })
      : readBody({ bytes, type, limits }),
  );
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
