import { DestinationListOut, renderPollingDestination } from '../../../contract/destination.ts';
import { OrderedPageQuery, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { firstSeq } from './find-poller.ts';

export const listDestinations = defineOperation({
  id: 'destination.list',
  method: 'GET',
  path: '/api/v1/app/{app_id}/destination',
  tag: 'Destination',
  summary: 'List an application’s polling endpoints',
  needs: { role: 'viewer', scope: 'application', permission: 'endpoint:read' },
  query: OrderedPageQuery,
  replies: { 200: DestinationListOut },
  problems: ['not_found'],
  async handle(call) {
    const application = await findApplication(call);
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'poller'),
      defaultOrder: 'ascending',
    });
    const pollers = await call.storage.catalog.list(call.organization, 'destination', {
      owner: application.id,
      orderBy: 'id',
      direction: page.readDirection,
      after: page.after,
      limit: page.readLimit,
      where: { kind: 'poller' },
    });
    const rows = await Promise.all(
      pollers.map(async (poller) => ({ poller, start: await firstSeq(call, application.id, poller) })),
    );
    return {
      status: 200,
      body: renderPage(rows, page, {
        item: ({ poller, start }) => renderPollingDestination(poller, start),
        iterator: ({ poller }) => renderId(poller.id, 'poller'),
      }),
    };
  },
});
