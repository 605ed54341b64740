/** Headers that callers add to deliveries: which are allowed, which values are shown. */
import Type from 'typebox';
import {
  HEADER_NAME_CHARS_MAX,
  HEADER_VALUE_CHARS_MAX,
  HEADERS_MAX,
  headerNameFault,
  headerValueFault,
  isSensitiveHeader,
} from '../core/event/limits.ts';
import { invalid } from '../core/problem.ts';
import { Nullable } from './shape.ts';

/** `[name, value]` in the case and order the caller typed. */
export type CustomHeaders = readonly (readonly [string, string])[];

export const HeaderValues = Type.Record(Type.String(), Type.String(), {
  description: `Header names and values, at most ${HEADERS_MAX}; values of at most ${HEADER_VALUE_CHARS_MAX} characters. Names keep the case you give them.`,
});

export const EndpointHeadersIn = Type.Object({ headers: HeaderValues }, { title: 'EndpointHeadersIn' });

export const EndpointHeadersPatchIn = Type.Object(
  {
    headers: Type.Record(Type.String(), Nullable(Type.String()), {
      description: 'Headers to set; null deletes one.',
    }),
    deleteHeaders: Type.Optional(
      Type.Array(Type.String(), { maxItems: HEADERS_MAX, description: 'Names of headers to delete.' }),
    ),
  },
  { title: 'EndpointHeadersPatchIn' },
);

export const EndpointHeadersOut = Type.Object(
  {
    headers: Type.Record(Type.String(), Type.String()),
    sensitive: Type.Array(Type.String(), { description: 'Names of headers whose values are not shown.' }),
  },
  { title: 'EndpointHeadersOut' },
);

/** Refuses names and values that may not go on a delivery; `loc` names the member that holds them. */
export function checkHeaders(
  given: Readonly<Record<string, string>>,
  loc: readonly string[],
): readonly (readonly [string, string])[] {
  const headers = Object.entries(given);
  const seen = new Set<string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (seen.has(lower))
      throw invalid([...loc, name], `"${name}" is given twice in different case: give it once.`);
    seen.add(lower);
    checkHeader(name, value, loc);
  }
  checkCount(headers.length, loc);
  return headers;
}

/** What a patch makes of the headers there are. Names are the same whatever their case; the new case is kept. */
export function patchHeaders(
  current: CustomHeaders,
  patch: {
    readonly headers: Readonly<Record<string, string | null>>;
    readonly deleteHeaders?: readonly string[];
  },
  loc: readonly string[],
): CustomHeaders {
  const merged = new Map(current.map((header) => [header[0].toLowerCase(), header] as const));
  for (const name of patch.deleteHeaders ?? []) merged.delete(name.toLowerCase());
  for (const [name, value] of Object.entries(patch.headers)) {
    if (value === null) {
      merged.delete(name.toLowerCase());
      continue;
    }
    checkHeader(name, value, loc);
    merged.set(name.toLowerCase(), [name, value]);
  }
  checkCount(merged.size, loc);
  return [...merged.values()];
}

/** Values of sensitive headers are never shown, only their names. */
export function renderHeaders(headers: CustomHeaders) {
  return {
    headers: Object.fromEntries(headers.filter(([name]) => !isSensitiveHeader(name))),
    sensitive: headers.map(([name]) => name).filter(isSensitiveHeader),
  };
}

function checkCount(count: number, loc: readonly string[]): void {
  if (count > HEADERS_MAX) {
    throw invalid(loc, `${count} headers are too many: keep them to ${HEADERS_MAX}.`);
  }
}

function checkHeader(name: string, value: string, loc: readonly string[]): void {
  const fault = headerNameFault(name) ?? headerValueFault(value);
  if (fault !== null) throw invalid([...loc, name.slice(0, HEADER_NAME_CHARS_MAX)], fault);
}
