import { MessageEndpointList } from '../../../contract/attempt.ts';
import { renderDeliveryState } from '../../../contract/message.ts';
import { OrderedPageQuery, type PageRequest, parsePage, renderPage } from '../../../contract/page.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { endpointOut } from '../endpoint/sealed-parts.ts';
import { findMessage } from '../message/find-message.ts';

export const listAttemptedDestinations = defineOperation({
  id: 'attempt.list-attempted-destinations',
  method: 'GET',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/endpoint',
  tag: 'Attempt',
  summary: 'List the endpoints that a message went or is to go to, with what became of it there',
  description: 'Endpoints that were deleted since are left out.',
  needs: { role: 'viewer', scope: 'application', permission: 'attempt:read' },
  query: OrderedPageQuery,
  replies: { 200: MessageEndpointList },
  problems: ['not_found'],
  async handle(call) {
    const parse = (text: string) => parseId(text, 'endpoint');
    const page = parsePage(call.query, { parse, defaultOrder: 'ascending' });
    const { loaded, scope } = await findApplication(call);
    const { event } = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent: false });
    const known = new Map(loaded.destinations.map(({ id, destination }) => [id, destination]));
    const states = await call.storage.history.listDestinationStates(scope, event.id);
    const rows = states.flatMap((state) => {
      const destination = known.get(state.destinationId);
      return destination === undefined ? [] : [{ id: destination.id, destination, state }];
    });
    return {
      status: 200,
      body: renderPage(sliceFor(rows, page), page, {
        item: ({ destination, state }) => ({
          ...endpointOut(call, destination),
          ...renderDeliveryState(state, { expanded: true }),
        }),
        iterator: ({ id }) => renderId(id, 'endpoint'),
      }),
    };
  },
});

/** What the store would give for a page, of rows that are all here, in order of id. */
function sliceFor<Row extends { readonly id: string }>(
  rows: readonly Row[],
  page: PageRequest,
): readonly Row[] {
  const isAscending = page.readDirection === 'ascending';
  const ordered = isAscending ? rows : [...rows].reverse();
  const { after } = page;
  const rest = after === null ? ordered : ordered.filter(({ id }) => (isAscending ? id > after : id < after));
  return rest.slice(0, page.readLimit);
}
