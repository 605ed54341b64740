/** Starts a storage thread, and says what it means when one ends by itself. */
import { Worker } from 'node:worker_threads';
import { Problem } from '../../core/problem.ts';
import type { Clock } from '../../ports/clock.ts';
import { RETRY_AFTER_SECONDS, type StorageLimits } from '../sql/limits.ts';
import type { ThreadData } from './thread-messages.ts';

export interface ThreadOptions {
  readonly path: string;
  readonly readers: number;
  readonly clock: Clock;
  readonly limits: StorageLimits;
  readonly workerUrl: URL;
}

export function startThread(options: ThreadOptions, role: ThreadData['role']): Worker {
  const workerData: ThreadData = { role, path: options.path, walPagesMax: options.limits.walPagesMax };
  return new Worker(options.workerUrl, { workerData, name: `storage ${role}` });
}

export function lostThread(cause: unknown): Problem {
  return new Problem('unavailable', 'A storage thread ended unexpectedly; try again shortly.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
}
