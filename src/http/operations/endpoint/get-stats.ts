import Type from 'typebox';
import { EndpointStats } from '../../../contract/endpoint.ts';
import { parseTime } from '../../../contract/history-query.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';

const DAYS_DEFAULT = 28;
const DAY_MS = 86_400_000;

export const getEndpointStats = defineOperation({
  id: 'endpoint.get-stats',
  method: 'GET',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats',
  tag: 'Endpoint',
  summary: 'Count an endpoint’s messages by what became of them',
  description: `Of messages published in the range: the last ${DAYS_DEFAULT} days unless said.`,
  needs: { role: 'viewer', scope: 'application', permission: 'endpoint:read' },
  query: Type.Object({
    since: Type.Optional(Type.String({ format: 'date-time' })),
    until: Type.Optional(Type.String({ format: 'date-time' })),
  }),
  replies: { 200: EndpointStats },
  problems: ['not_found', 'invalid_range'],
  async handle(call) {
    const now = call.clock.now();
    const before = parseTime(call.query.until, 'until', now);
    const since = parseTime(call.query.since, 'since', now) ?? (before ?? now) - DAYS_DEFAULT * DAY_MS;
    if (before !== undefined && since >= before) {
      throw new Problem('invalid_range', 'Give a "since" that is earlier than "until".');
    }
    const range = before === undefined ? { since } : { since, before };
    const { destination, scope } = await findEndpoint(call);
    const counts = await call.storage.history.countStates(scope, destination.id, range);
    const { delivered: success, failed: fail, pending, sending, canceled } = counts;
    return { status: 200, body: { success, pending, sending, fail, canceled } };
  },
});
