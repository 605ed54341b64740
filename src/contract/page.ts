/**
 * Lists. An answer is `{data, iterator, prevIterator, done}`. `iterator=<id>` reads on after that item,
 * `iterator=-<id>` reads the items before it; either way the page comes in the list's own order.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { invalid } from '../core/problem.ts';
import { Nullable } from './shape.ts';

export const LIMIT_DEFAULT = 50;
export const LIMIT_MAX = 250;

const Ordering = Type.Union([Type.Literal('ascending'), Type.Literal('descending')]);
export type Direction = Static<typeof Ordering>;

/** Spread these into an operation's query shape. */
export const PAGE_QUERY = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMIT_MAX,
      description: 'Items in a page: 1 to 250, 50 unless said.',
    }),
  ),
  iterator: Type.Optional(
    Type.String({ maxLength: 512, description: '`iterator` or `prevIterator` of an earlier page.' }),
  ),
} as const;

export const ORDERED_PAGE_QUERY = {
  ...PAGE_QUERY,
  order: Type.Optional(Ordering),
} as const;

/** The query of lists that can only be paged. */
export const PageQuery = Type.Object(PAGE_QUERY);
/** The query of lists that can be turned around too. */
export const OrderedPageQuery = Type.Object(ORDERED_PAGE_QUERY);

/** The shape of a list answer; `title` names it in the OpenAPI document. */
export function ListResponse<Item extends TSchema>(item: Item, title: string) {
  return Type.Object(
    {
      data: Type.Array(item),
      iterator: Nullable(Type.String()),
      prevIterator: Nullable(Type.String()),
      done: Type.Boolean({ description: 'True when nothing follows in the direction that was read.' }),
    },
    { title },
  );
}

export interface ListPage<Item> {
  readonly data: readonly Item[];
  readonly iterator: string | null;
  readonly prevIterator: string | null;
  readonly done: boolean;
}

/** What to ask the store for. */
export interface PageRequest {
  readonly limit: number;
  /** One more than `limit`, so that the page knows whether something follows. */
  readonly readLimit: number;
  /** Exclusive; a bare id, or whatever `parse` made of the iterator. */
  readonly after: string | null;
  /** The list's own order turned around when reading backwards. */
  readonly readDirection: Direction;
  readonly backwards: boolean;
}

export interface PageQueryValues {
  readonly limit?: number;
  readonly iterator?: string;
  readonly order?: Direction;
}

/** `parse` turns the iterator's text into what the store orders by, or undefined when it is none of ours. */
export function parsePage(
  query: PageQueryValues,
  options: { readonly parse: (text: string) => string | undefined; readonly defaultOrder: Direction },
): PageRequest {
  const order = query.order ?? options.defaultOrder;
  const text = query.iterator ?? '';
  const backwards = text.startsWith('-');
  const limit = query.limit ?? LIMIT_DEFAULT;
  let after: string | null = null;
  if (text !== '') {
    const parsed = options.parse(backwards ? text.slice(1) : text);
    if (parsed === undefined) {
      throw invalid(
        ['query', 'iterator'],
        'Pass the iterator or prevIterator of an earlier page, unchanged.',
      );
    }
    after = parsed;
  }
  const turned: Direction = order === 'ascending' ? 'descending' : 'ascending';
  return { limit, readLimit: limit + 1, after, readDirection: backwards ? turned : order, backwards };
}

/** Makes the answer of rows as the store gave them (at most `readLimit`, in `readDirection`). */
export function renderPage<Row, Item>(
  rows: readonly Row[],
  page: PageRequest,
  render: { readonly item: (row: Row) => Item; readonly iterator: (row: Row) => string },
): ListPage<Item> {
  const done = rows.length <= page.limit;
  const kept = done ? [...rows] : rows.slice(0, page.limit);
  if (page.backwards) kept.reverse();
  const first = kept[0];
  const last = kept.at(-1);
  return {
    data: kept.map(render.item),
    iterator: last === undefined ? null : render.iterator(last),
    prevIterator: first === undefined ? null : `-${render.iterator(first)}`,
    done,
  };
}
