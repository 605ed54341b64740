/** A destination that nothing was said about yet: what a new endpoint or poller starts from. */
import type { Destination } from './resources.ts';

export const BLANK_DESTINATION: Omit<Destination, 'id' | 'ownerId' | 'createdAt' | 'updatedAt'> = {
  uid: null,
  version: 1,
  kind: 'http',
  url: '',
  description: '',
  eventTypes: null,
  channels: null,
  disabled: false,
  disabledReason: null,
  metadata: {},
  keys: [],
  headers: null,
  throttleRate: null,
  concurrency: null,
  timeoutMs: null,
  retryScheduleMs: null,
  ordering: { scope: 'none', onFailure: 'block' },
  method: null,
  auth: null,
  tls: null,
  allowHttp2: false,
  transformation: null,
};
