import Type from 'typebox';
import { HISTORY_QUERY, parseHistoryQuery } from '../../../contract/history-query.ts';
import { MessageList, messageText } from '../../../contract/message.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { messageListText, storedPayload } from './find-message.ts';
import { readPage } from './read-page.ts';

export const listMessages = defineOperation({
  id: 'message.list',
  method: 'GET',
  path: '/api/v1/app/{app_id}/msg',
  tag: 'Message',
  summary: 'List an application’s messages, newest first',
  description:
    'The last 90 days unless `before` or `after` say otherwise. A page with contents ends early, with `done: false`, when they come to more than 16 MiB.',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  query: Type.Object(HISTORY_QUERY),
  replies: { 200: MessageList },
  problems: ['not_found'],
  async handle(call) {
    const withContent = call.query.with_content ?? true;
    const { page, filter } = parseHistoryQuery(call.query, { now: call.clock.now(), prefix: 'message' });
    const { scope } = await findApplication(call);
    const direction = page.readDirection;
    const read = await readPage(page, { withContent }, (after, limit) =>
      call.storage.history.listEvents(scope, filter, { after, direction, limit }, { withContent }),
    );
    const item = (row: (typeof read.rows)[number]) =>
      messageText(row.event, storedPayload(row, { withContent }));
    return { status: 200, body: messageListText(read.rows, read.page, item), raw: true };
  },
});
