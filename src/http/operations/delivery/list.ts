import Type from 'typebox';
import {
  DELIVERY_QUERY,
  DeliveryList,
  eventIdOf,
  parseDeliveryIterator,
  parseStates,
  renderDelivery,
  renderDeliveryIterator,
  renderLastAttempt,
} from '../../../contract/delivery.ts';
import { parseTime } from '../../../contract/history-query.ts';
import { parsePage, renderPage } from '../../../contract/page.ts';
import { renderInstant, STRICT } from '../../../contract/shape.ts';
import { RECEIVED, renderId } from '../../../core/ids.ts';
import type { DeliveryFilter } from '../../../ports/history.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { scopeOf } from '../event/event-of.ts';
import { READ, TAG } from './delivery-of.ts';

const DeliveryQuery = Type.Object(DELIVERY_QUERY, STRICT);

export const listDeliveries = defineOperation({
  id: 'delivery.list',
  method: 'GET',
  path: '/api/v1/delivery',
  tag: TAG,
  summary: 'List deliveries of received events, those of the newest events first',
  needs: READ,
  query: DeliveryQuery,
  replies: { 200: DeliveryList },
  problems: ['not_found'],
  async handle(call) {
    const page = parsePage(call.query, { parse: parseDeliveryIterator, defaultOrder: 'descending' });
    const rows = await call.storage.history.listDeliveries(scopeOf(call), await filterOf(call), {
      after: page.after,
      direction: page.readDirection,
      limit: page.readLimit,
    });
    const body = renderPage(rows, page, {
      item: ({ event, ...state }) => ({
        ...renderDelivery(event.id, state),
        attempts: state.attempts,
        lastAttempt: state.last === null ? null : renderLastAttempt(state.last),
        eventType: event.type,
        source: renderId(event.received?.sourceId ?? '', 'source'),
        receivedAt: renderInstant(event.acceptedAt),
      }),
      iterator: ({ event, destinationId }) => renderDeliveryIterator(event.id, destinationId),
    });
    return { status: 200, body };
  },
});

async function filterOf(
  call: Pick<Call, 'engine' | 'organization' | 'clock' | 'query'>,
): Promise<DeliveryFilter> {
  const { destination, event, status, since, until } = call.query as Type.Static<typeof DeliveryQuery>;
  const now = call.clock.now();
  const from = parseTime(since, 'since', now);
  const before = parseTime(until, 'until', now);
  return {
    ...(destination === undefined
      ? {}
      : {
          destinationId: (await call.engine.directory.destination(call.organization, RECEIVED, destination))
            .id,
        }),
    ...(event === undefined ? {} : { eventId: eventIdOf(event, ['query', 'event']) }),
    ...(status === undefined || status.length === 0 ? {} : { status: parseStates(status) }),
    ...(from === undefined ? {} : { since: from }),
    ...(before === undefined ? {} : { before }),
  };
}
