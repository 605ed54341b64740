/** THE list of operations: one import line and one entry per operation, grouped by resource, in the docs' order. */
import type { Operation } from '../define-operation.ts';

export const OPERATIONS: readonly Operation[] = [
  // application
  // endpoint
  // message
  // attempt
  // event-type
  // authentication
  // background-task
  // operational-webhook
  // integration
  // poller
  // transformation
  // statistics
  // environment
  // api-key
  // audit
  // health
];
