/**
 * The `payload` member of a message in an answer, as JSON text. JSON payloads are written as the text they are, never
 * parsed and printed again: big numbers, spaces and repeated keys stay as the publisher sent them. Other text becomes
 * a JSON string, and bytes that are not UTF-8 become `{"encoding":"base64","data":…}`.
 */
import type { ContentState } from '../core/event/event.ts';

const GONE = '{"expired":true}';
const JSON_TYPE = /^\s*(application\/json|[^;]+\+json)\s*(;|$)/i;

/** For answers with `with_content=false` use `EMPTY_PAYLOAD`. */
export function payloadText(stored: {
  readonly content: Uint8Array | null;
  readonly contentState: ContentState;
  readonly contentType: string;
}): string {
  if (stored.content === null || stored.contentState !== 'kept') return GONE;
  const text = decode(stored.content);
  if (text === undefined) {
    return JSON.stringify({ encoding: 'base64', data: Buffer.from(stored.content).toString('base64') });
  }
  return JSON_TYPE.test(stored.contentType) && isJson(text) ? text : JSON.stringify(text);
}

/** What answers without contents say. */
export const EMPTY_PAYLOAD = '{}';

/** Text of bytes that are UTF-8; a byte order mark is part of the text. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
