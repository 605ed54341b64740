/** JSON bodies: bytes to a value, bounded in depth, refused with the place of the mistake. */
import { isUtf8 } from 'node:buffer';
import { invalid } from '../core/problem.ts';

/** Objects and arrays inside each other. Deeper input could exhaust the stack of whoever walks it. */
export const JSON_DEPTH_MAX = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** An empty body reads as `{}`: every member then counts as left out. */
export function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return {};
  if (!isUtf8(raw)) throw malformed('The body is not UTF-8. Send JSON encoded as UTF-8.');
  if (depthOf(raw) > JSON_DEPTH_MAX) {
    throw malformed(`The body is nested deeper than ${JSON_DEPTH_MAX} levels. Flatten it.`);
  }
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch (error) {
    // V8 quotes the text around the mistake, which could be a secret: only the position is passed on.
    const position = / at position \d+( \(line \d+ column \d+\))?/.exec((error as Error).message)?.[0] ?? '';
    throw malformed(`The body is not valid JSON${position}. Send one JSON value.`);
  }
}

function malformed(detail: string) {
  return invalid(['body'], detail, 'value_error.jsondecode');
}

/** Deepest nesting; looks at brackets outside strings only, so it is cheap and needs no parse. */
function depthOf(raw: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
