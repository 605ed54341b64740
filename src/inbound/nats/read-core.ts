/** A plain subject of NATS. Nobody acknowledges: what comes while the store is away is kept here as long as there is room. */
import type { Msg } from '@nats-io/transport-node';
import type { InboundHost } from '../../ports/inbound.ts';
import { queueItem } from '../queue/message.ts';
import { headersOf, type NatsReading } from './read-jetstream.ts';
import type { NatsCore } from './settings.ts';

/** Messages that wait here for their turn; the server would not wait for us. */
const WAITING_MAX = 1_000;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

/** Reads until the session is over. */
export async function readCore(reading: NatsReading, { subject, queueGroup }: NatsCore): Promise<void> {
  const { connection, session, host, prefetch } = reading;
  const waiting: Msg[] = [];
  let waitingBytes = 0;
  let running = 0;
  const next = (): void => {
    while (running < prefetch && !session.ending.aborted) {
      const message = waiting.shift();
      if (!message) return;
      waitingBytes -= message.data.length;
      running++;
      session.work(async () => {
        await session.taker.firmly(coreItem(host, message), session.ending);
        running--;
        next();
      });
    }
  };
  const subscription = connection.subscribe(subject, {
    ...(queueGroup !== undefined && { queue: queueGroup }),
    callback(error, message) {
      if (error) return session.fail(error);
      if (waiting.length >= WAITING_MAX || waitingBytes + message.data.length > WAITING_BYTES_MAX)
        return session.taker.lost(`A message of ${message.subject} was dropped: too many wait.`);
      waiting.push(message);
      waitingBytes += message.data.length;
      next();
    },
  });
  // The server has heard of it: what is published from now on comes.
  await connection.flush();
  session.flowing();
  await session.over;
  subscription.unsubscribe();
  await session.settled();
  if (waiting.length > 0) session.taker.lost(`${waiting.length} messages were waiting and are lost.`);
}

/** One message of a subject as an item; `Nats-Msg-Id` makes it one of its kind, where the sender says it. */
export function coreItem(host: InboundHost, message: Msg) {
  return queueItem(host, {
    body: message.data,
    contentType: null,
    headers: headersOf(message.headers),
    dedupeKey: message.headers?.get('Nats-Msg-Id') || null,
    orderingKey: null,
    meta: { subject: message.subject, replyTo: message.reply ?? null },
  });
}
