import { HealthOut } from '../../../contract/health.ts';
import { defineOperation } from '../../define-operation.ts';
import { storeAnswers } from './store-answers.ts';

export const getHealth = defineOperation({
  id: 'health.get',
  method: 'GET',
  path: '/api/v1/health',
  tag: 'Health',
  summary: 'Whether the server works.',
  description: 'The queue is a table of the database, so the two fail together; the cache is memory.',
  needs: 'public',
  replies: { 200: HealthOut, 500: HealthOut },
  problems: [],
  async handle(call) {
    const isOk = await storeAnswers(call.storage);
    const status = isOk ? 'ok' : 'error';
    return {
      status: isOk ? 200 : 500,
      body: { database: { status }, queue: { status }, cache: { status: 'ok' } },
    };
  },
});
