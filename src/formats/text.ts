/** What is left: characters, or bytes that are none. */
import type { ParsedBody } from '../core/received/event-document.ts';
import { decodeCharacters, isUtf8, looksBinary } from './characters.ts';
import { type Content, parsed } from './reading.ts';

/** Bytes that claim to be text are text in some charset, unless they cannot be. */
export function readText({ bytes, type }: Content): ParsedBody {
  const charset = type.parameters.get('charset');
  if (charset === undefined && looksBinary(bytes)) return readRaw();
  const { text, error } = decodeCharacters(bytes, charset);
  return parsed('text', text, { error });
}

/** Bytes that claim nothing are text only when they are UTF-8. */
export function readTextOrRaw(content: Content): ParsedBody {
  const claims = content.type.essence.startsWith('text/') || content.type.parameters.has('charset');
  return claims || isUtf8(content.bytes) ? readText(content) : readRaw();
}

export const readRaw = (): ParsedBody => parsed('raw', null);
