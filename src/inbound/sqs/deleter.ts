/** Deletes what was stored: one request at a time, each with up to ten that have become due meanwhile. */
import type { Session } from '../queue/sessions.ts';
import { BATCH_MAX, type SqsApi } from './sqs-api.ts';

/** Returns what is to be called with the receipt handle of each stored message. */
export function deleterOf(
  api: Pick<SqsApi, 'delete'>,
  session: Pick<Session, 'work' | 'fail'>,
): (handle: string) => void {
  const due: string[] = [];
  let isDeleting = false;
  const deleteDue = async (): Promise<void> => {
    if (isDeleting) return;
    isDeleting = true;
    try {
      while (due.length > 0) {
        const failed = await api.delete(due.splice(0, BATCH_MAX));
        // They come again when their time is over, and are duplicates.
        if (failed.length > 0) session.fail(`SQS did not delete ${failed.length} messages.`);
      }
    } finally {
      isDeleting = false;
    }
  };
  return (handle) => {
    due.push(handle);
    session.work(deleteDue);
  };
}
