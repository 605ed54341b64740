/** A page of the catalog by id, as most lists of resources are. */
import { type ListPage, type PageQueryValues, parsePage, renderPage } from '../../contract/page.ts';
import type { ResourceKind, Resources } from '../../core/catalog/resources.ts';
import { type PrefixName, parseId, renderId } from '../../core/ids.ts';
import type { Reply } from '../../engine/engine.ts';
import type { ListQuery } from '../../ports/catalog.ts';
import type { Call } from '../define-operation.ts';

export interface ListOptions<Row, Item> extends Pick<ListQuery, 'owner' | 'where'> {
  readonly prefix: PrefixName;
  readonly item: (row: Row) => Item;
}

/** Oldest first unless the query says otherwise. */
export async function listResources<K extends ResourceKind, Item>(
  call: Pick<Call<PageQueryValues>, 'query' | 'storage' | 'organization'>,
  kind: K,
  { prefix, item, ...which }: ListOptions<Resources[K], Item>,
): Promise<Reply & { readonly body: ListPage<Item> }> {
  const page = parsePage(call.query, { parse: (text) => parseId(text, prefix), defaultOrder: 'ascending' });
  const rows = await call.storage.catalog.list(call.organization, kind, {
    ...which,
    orderBy: 'id',
    direction: page.readDirection,
    after: page.after,
    limit: page.readLimit,
  });
  return { status: 200, body: renderPage(rows, page, { item, iterator: ({ id }) => renderId(id, prefix) }) };
}
