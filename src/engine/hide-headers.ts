/** Credentials in headers are sealed at rest: what is stored and shown has '' in their place. */
import type { Sealed } from '../core/catalog/resources.ts';
import type { RawHeaders, Received } from '../core/received/received.ts';

export interface HiddenHeaders {
  readonly headers: RawHeaders;
  readonly sealed: Sealed | null;
}

/** `hidden`: lower-case names. `seal` is called at most once, and not at all when there is nothing to hide. */
export function hideHeaders(
  headers: RawHeaders,
  hidden: ReadonlySet<string>,
  seal: (text: string) => Sealed,
): HiddenHeaders {
  const kept: [number, string][] = [];
  for (const [index, [name, value]] of headers.entries())
    if (hidden.has(name.toLowerCase())) kept.push([index, value]);
  if (kept.length === 0) return { headers, sealed: null };
  const hiddenAt = new Set(kept.map(([index]) => index));
  return {
    headers: headers.map(([name, value], index) => [name, hiddenAt.has(index) ? '' : value] as const),
    sealed: seal(JSON.stringify(kept)),
  };
}

/** The headers as they came. */
export function showHeaders(
  { headers, sealed }: Pick<Received, 'headers' | 'sealed'>,
  open: (sealed: Sealed) => string,
): RawHeaders {
  if (sealed === null) return headers;
  const values = new Map(JSON.parse(open(sealed)) as [number, string][]);
  return headers.map(([name, value], index) => [name, values.get(index) ?? value] as const);
}
