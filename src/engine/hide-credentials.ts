/** Credentials in headers and in the query are sealed at rest: what is stored and shown has nothing in their place. */
import type { Sealed } from '../core/catalog/resources.ts';
import type { RawHeaders, Received } from '../core/received/received.ts';

export interface CallParts {
  readonly headers: RawHeaders;
  /** Without `?`, as it came. */
  readonly query: string;
}

/** What is hidden, by name: headers in lower case, parameters of the query as they are written. */
export interface HiddenNames {
  readonly headers: ReadonlySet<string>;
  readonly queries: ReadonlySet<string>;
}

/** What is sealed: values of headers by their place, and the whole query when a parameter of it is hidden. */
interface Hidden {
  readonly headers: readonly (readonly [index: number, value: string])[];
  readonly query?: string;
}

/** `seal` is called at most once, and not at all when there is nothing to hide. */
export function hideCredentials(
  { headers, query }: CallParts,
  hidden: HiddenNames,
  seal: (text: string) => Sealed,
): Pick<Received, 'headers' | 'query' | 'sealed'> {
  const kept: [number, string][] = [];
  for (const [index, [name, value]] of headers.entries())
    if (hidden.headers.has(name.toLowerCase())) kept.push([index, value]);
  const shown = query === '' || hidden.queries.size === 0 ? query : withoutValues(query, hidden.queries);
  if (kept.length === 0 && shown === query) return { headers, query, sealed: null };
  const at = new Set(kept.map(([index]) => index));
  const sealed: Hidden = { headers: kept, ...(shown !== query && { query }) };
  return {
    headers: headers.map(([name, value], index) => [name, at.has(index) ? '' : value] as const),
    query: shown,
    sealed: seal(JSON.stringify(sealed)),
  };
}

/** The call as it came. */
export function showCredentials(
  { headers, query, sealed }: Pick<Received, 'headers' | 'query' | 'sealed'>,
  open: (sealed: Sealed) => string,
): CallParts {
  if (sealed === null) return { headers, query };
  const hidden = JSON.parse(open(sealed)) as Hidden;
  const values = new Map(hidden.headers);
  return {
    headers: headers.map(([name, value], index) => [name, values.get(index) ?? value] as const),
    query: hidden.query ?? query,
  };
}

/** The rest of the query stays as it was written. */
function withoutValues(query: string, hidden: ReadonlySet<string>): string {
  const pieces = query.split('&').map((piece) => {
    const [name] = [...new URLSearchParams(piece).keys()];
    return name !== undefined && hidden.has(name) ? `${piece.split('=', 1)[0]}=` : piece;
  });
  return pieces.join('&');
}
