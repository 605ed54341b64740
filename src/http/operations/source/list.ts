import { OrderedPageQuery } from '../../../contract/page.ts';
import { SourceList } from '../../../contract/source.ts';
import { defineOperation } from '../../define-operation.ts';
import { listResources } from '../list-resources.ts';
import { READ, sourceOut, TAG } from './source-of.ts';

export const listSources = defineOperation({
  id: 'source.list',
  method: 'GET',
  path: '/api/v1/source',
  tag: TAG,
  summary: 'List sources',
  needs: READ,
  query: OrderedPageQuery,
  replies: { 200: SourceList },
  problems: [],
  handle(call) {
    return listResources(call, 'source', {
      owner: null,
      prefix: 'source',
      item: (source) => sourceOut(call, source),
    });
  },
});
