/** Contentful: method, path, chosen headers and body, in its own encoding of the path. */
import type { SignedBy } from '../../core/verification/provider.ts';

const LIST = 'x-contentful-signed-headers';
const TIMESTAMP = 'x-contentful-timestamp';
const HEADERS_MAX = 64;

/** null also when the timestamp is not among the headers that are signed. */
export const canonicalRequest: SignedBy = (view) => {
  const names = (view.header(LIST)[0] ?? '').split(',', HEADERS_MAX).map((name) => name.trim().toLowerCase());
  if (!names.includes(TIMESTAMP)) return null;
  const headers = names.sort().map((name) => `${name}:${view.header(name).join(', ').trim()}`);
  const path = encodedPath(view.path);
  return path === null
    ? null
    : [`${view.call.method.toUpperCase()}\n${path}\n${headers.join(';')}\n`, view.call.body];
};

/** What is a query to others is escaped once more. */
function encodedPath(path: string): string | null {
  const [plain = '', query] = path.split('?');
  try {
    return encodeURI(query ? `${plain}?${encodeURIComponent(query)}` : plain);
  } catch {
    return null; // Half a surrogate pair.
  }
}
