import { defineOperation } from '../../define-operation.ts';

export const pingHealth = defineOperation({
  id: 'health.ping',
  method: 'GET',
  path: '/api/v1/health/ping',
  tag: 'Health',
  summary: 'Whether the process answers.',
  needs: 'public',
  replies: { 204: null },
  problems: [],
  handle: () => ({ status: 204, body: undefined }),
});
