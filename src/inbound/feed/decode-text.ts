/** Bytes of a feed as text: by the byte order mark, the Content-Type, or what the XML says of itself (RFC 7303 §3). */

const PROLOG_BYTES = 200;

export function decodeText(body: Uint8Array, contentType: string): string {
  const prolog = Buffer.from(body.subarray(0, PROLOG_BYTES)).toString('latin1');
  const [, named] = /charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  const [, own] = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)/.exec(prolog) ?? [];
  const label = markOf(body) ?? named ?? own ?? 'utf-8';
  try {
    return new TextDecoder(label).decode(body);
  } catch {
    // A charset that does not exist.
    return new TextDecoder().decode(body);
  }
}

function markOf([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : null;
}
