import Type from 'typebox';
import { parseStatus, STATUS_QUERY } from '../../../contract/delivery-status.ts';
import { HISTORY_QUERY, parseHistoryQuery } from '../../../contract/history-query.ts';
import { EndpointMessageList, messageText, renderDeliveryState } from '../../../contract/message.ts';
import { defineOperation } from '../../define-operation.ts';
import { messageListText, storedPayload } from '../message/find-message.ts';
import { readPage } from '../message/read-page.ts';
import { findEndpoint } from './find-endpoint.ts';

export const listEndpointMessages = defineOperation({
  id: 'endpoint.list-messages',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg',
  tag: 'Attempt',
  summary: 'List the messages that an endpoint got or is to get, with what became of them there',
  description: 'Newest first; the last 90 days unless `before` or `after` say otherwise.',
  needs: { role: 'viewer', scope: 'application', permission: 'attempt:read' },
  query: Type.Object({ ...HISTORY_QUERY, ...STATUS_QUERY }),
  replies: { 200: EndpointMessageList },
  problems: ['not_found'],
  async handle(call) {
    const { status, with_content: withContent = true } = call.query;
    const expanded = call.query.expanded_statuses ?? true;
    const { page, filter } = parseHistoryQuery(call.query, { now: call.clock.now(), prefix: 'message' });
    const { scope, destination } = await findEndpoint(call);
    const wanted = status === undefined ? filter : { ...filter, status: parseStatus(status, { expanded }) };
    const direction = page.readDirection;
    const read = await readPage(page, { withContent }, (after, limit) =>
      call.storage.history.listDestinationEvents(
        scope,
        destination.id,
        wanted,
        { after, direction, limit },
        { withContent },
      ),
    );
    const item = (row: (typeof read.rows)[number]) =>
      messageText(row.event, storedPayload(row, { withContent }), renderDeliveryState(row, { expanded }));
    return { status: 200, body: messageListText(read.rows, read.page, item), raw: true };
  },
});
