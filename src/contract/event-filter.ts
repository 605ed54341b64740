/** What to look for among received events: in the query of lists, exports and tails, and in the body of replays. */
import Type, { type Static } from 'typebox';
import { parseId, renderId, type SourceId } from '../core/ids.ts';
import { invalid } from '../core/problem.ts';
import type { EventQuery } from '../core/received/event-query.ts';
import { SOURCE_KINDS } from '../core/received/source-kinds.ts';
import { NO_FILTER, type PathCondition } from '../core/search/filter.ts';
import { parseInstant, STRICT } from './shape.ts';
import { parseCondition, WHERE_CHARS_MAX } from './where.ts';

const VALUES_MAX = 100;
const CONDITIONS_MAX = 20;
const TEXT_CHARS_MAX = 1000;

const SourceRef = Type.String({ minLength: 1, maxLength: 256, description: 'Id or uid of a source.' });
const TypePattern = Type.String({
  minLength: 1,
  maxLength: 256,
  description: '`*` at the end stands for the rest.',
});
const InstantText = Type.String({ format: 'date-time', description: 'RFC 3339.' });

const FILTER = {
  source: Type.Optional(Type.Array(SourceRef, { maxItems: VALUES_MAX })),
  type: Type.Optional(Type.Array(TypePattern, { maxItems: VALUES_MAX })),
  method: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 20 }), { maxItems: VALUES_MAX })),
  via: Type.Optional(
    Type.Array(Type.Union(SOURCE_KINDS.map((kind) => Type.Literal(kind))), { maxItems: VALUES_MAX }),
  ),
  verified: Type.Optional(Type.Boolean({ description: 'Whether the sender was known.' })),
  where: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: WHERE_CHARS_MAX }), {
      maxItems: CONDITIONS_MAX,
      // A comma is part of a condition: each is a parameter of its own (read-query.ts).
      'x-undivided': true,
      description:
        'Conditions that must all hold, each a parameter of its own: `body.customer.id=42`, `body.amount>=100`, `body.items[].sku~abc` (contains), `body.name^=Mar` (begins with), `body.error exists`, `headers.x-github-event=push`. Numbers, true, false and null are what they look like; text in double quotes is text.',
    }),
  ),
  q: Type.Optional(
    Type.String({
      maxLength: TEXT_CHARS_MAX,
      description: 'Words that must all be there, and phrases in double quotes.',
    }),
  ),
} as const;

/** Of what waits for events. */
export const TAIL_FILTER_QUERY = FILTER;
/** Of what reads the past. `since` is inclusive, `until` exclusive. */
export const EVENT_FILTER_QUERY = {
  ...FILTER,
  since: Type.Optional(InstantText),
  until: Type.Optional(InstantText),
} as const;
export const EventFilterIn = Type.Object(FILTER, { title: 'EventFilterIn', ...STRICT });

const Filter = Type.Object(EVENT_FILTER_QUERY);
export type EventFilterValues = Static<typeof Filter>;

export interface FilterOptions {
  /** Where the members stand: `['query']`, `['body', 'filter']`. */
  readonly loc: readonly (string | number)[];
  /** The sources that the filter names by uid. */
  readonly sourceIds: ReadonlyMap<string, SourceId>;
}

/** The uids among the sources of a filter: the caller looks them up first. */
export function sourceUidsOf({ source = [] }: EventFilterValues): string[] {
  return source.filter((ref) => parseId(ref, 'source') === undefined);
}

/** Problem validation says where and what to write. */
export function parseEventFilter(given: EventFilterValues, { loc, sourceIds }: FilterOptions): EventQuery {
  const { source = [], type = [], method = [], via = [], where = [] } = given;
  const isExact = !type.some((pattern) => pattern.endsWith('*'));
  return {
    search: {
      ...NO_FILTER,
      types: isExact ? askedOf(type) : null,
      sourceIds: askedOf(source.map((ref, index) => sourceIdOf(ref, sourceIds, [...loc, 'source', index]))),
      methods: askedOf(method.map((name) => name.toUpperCase())),
      verified: given.verified ?? null,
      conditions: [
        ...where.map((text, index) => parseCondition(text, [...loc, 'where', index])),
        ...narrowing(type, via),
      ],
      text: given.q ?? '',
    },
    types: askedOf(type),
    vias: askedOf(via),
    since: instantOf(given.since, [...loc, 'since']),
    until: instantOf(given.until, [...loc, 'until']),
  };
}

/** An empty list asks for nothing in particular, whatever it is a list of. */
function askedOf<Value>(list: readonly Value[]): readonly Value[] | null {
  return list.length === 0 ? null : list;
}

/** What the index can tell of a single pattern or way in. */
function narrowing(types: readonly string[], vias: readonly string[]): PathCondition[] {
  const found: PathCondition[] = [];
  const [type] = types;
  if (types.length === 1 && type!.endsWith('*') && type !== '*')
    found.push({ path: ['type'], op: 'startsWith', value: type!.slice(0, -1) });
  if (vias.length === 1) found.push({ path: ['via'], op: '=', value: vias[0]! });
  return found;
}

function sourceIdOf(
  ref: string,
  sourceIds: FilterOptions['sourceIds'],
  loc: readonly (string | number)[],
): string {
  const id = parseId<'source'>(ref, 'source') ?? sourceIds.get(ref);
  if (id === undefined) throw invalid(loc, `There is no source ${ref}: give its id (\`src_…\`) or its uid.`);
  return renderId(id, 'source');
}

function instantOf(text: string | undefined, loc: readonly (string | number)[]): number | null {
  if (text === undefined) return null;
  const at = parseInstant(text);
  if (at === undefined)
    throw invalid(loc, `Give "${loc.at(-1)}" as an RFC 3339 instant such as 2026-01-31T12:00:00Z.`);
  return at;
}
