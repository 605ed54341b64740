import { pino } from 'pino';
import type { Log } from '../ports/log.ts';

const BATCH_BYTES = 32 * 1024;

/** JSON lines on standard output, written in batches so that a busy server does not pay a system call per line. */
export function openLog(level: string): Log & { flush(): void } {
  const destination = pino.destination({
    dest: 1,
    sync: false,
    minLength: BATCH_BYTES,
    maxWrite: 2 * BATCH_BYTES,
    periodicFlush: 200,
  });
  const logger = pino({ level, base: null, messageKey: 'event' }, destination);
  return {
    info: (event, fields) => logger.info(fields, event),
    warn: (event, fields) => logger.warn(fields, event),
    error: (event, cause, fields) => logger.error({ ...fields, err: cause }, event),
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // Nothing was written yet: sonic-boom refuses to flush before it is open.
      }
    },
  };
}
