import { ReadyOut } from '../../../contract/health.ts';
import { defineOperation } from '../../define-operation.ts';
import { storeAnswers } from './store-answers.ts';

export const getReadiness = defineOperation({
  id: 'health.ready',
  method: 'GET',
  path: '/api/v1/health/ready',
  tag: 'Health',
  summary: 'Readiness: while this fails, send no traffic.',
  needs: 'public',
  replies: { 200: ReadyOut, 503: ReadyOut },
  problems: [],
  async handle(call) {
    const isOk = await storeAnswers(call.storage);
    return { status: isOk ? 200 : 503, body: { status: isOk ? 'ok' : 'error' } };
  },
});
