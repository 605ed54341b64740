import { DeepHealthOut } from '../../../contract/health.ts';
import type { Storage } from '../../../ports/storage.ts';
import { defineOperation } from '../../define-operation.ts';
import { storeAnswers } from './store-answers.ts';

export const inspectHealth = defineOperation({
  id: 'health.deep',
  method: 'GET',
  path: '/api/v1/health/deep',
  tag: 'Health',
  summary: 'What the store and the delivery look like inside.',
  needs: 'public',
  replies: { 200: DeepHealthOut, 503: DeepHealthOut },
  problems: [],
  async handle(call) {
    const { inFlight, lanes, lanesBlocked, heldInMemory, heldBytes } = call.engine.metrics;
    const store = await inspectStore(call.storage);
    const body = {
      status: store.status,
      version: call.settings.version,
      store,
      delivery: { inFlight, lanes, lanesBlocked, heldInMemory, heldBytes },
    };
    return { status: store.status === 'ok' ? 200 : 503, body };
  },
});

async function inspectStore(storage: Storage): Promise<{ readonly status: 'ok' | 'error' }> {
  if (!(await storeAnswers(storage))) return { status: 'error' };
  try {
    return { status: 'ok', ...(await storage.upkeep.stats()) };
  } catch {
    return { status: 'error' };
  }
}
