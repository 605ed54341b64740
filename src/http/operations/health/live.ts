import { LiveOut } from '../../../contract/health.ts';
import { defineOperation } from '../../define-operation.ts';

export const getLiveness = defineOperation({
  id: 'health.live',
  method: 'GET',
  path: '/api/v1/health/live',
  tag: 'Health',
  summary: 'Liveness: if this fails, restart the process.',
  needs: 'public',
  replies: { 200: LiveOut },
  problems: [],
  handle: () => ({ status: 200, body: { status: 'ok' } }),
});
