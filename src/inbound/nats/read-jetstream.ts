/** A durable consumer of JetStream: ack when stored, nak with a delay when not, term when it never will be. */
import type { Consumer, ConsumerConfig, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { InboundHost } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { queueItem } from '../queue/message.ts';
import { roomOf } from '../queue/room.ts';
import type { Session } from '../queue/sessions.ts';
import { QUEUE_PAUSES } from '../queue/taker.ts';
import { pauseAfter, sleepOnce } from '../steady.ts';
import type { NatsJetStream } from './settings.ts';

export interface NatsReading {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly session: Session;
  readonly connection: NatsConnection;
  readonly prefetch: number;
}

const ACK_WAIT_SECONDS = 30;
/** How long the server waits for messages before it says that there are none: the least that it takes. */
const PULL_MS = 1_000;
const NANOS_PER_SECOND = 1_000_000_000;

/** Reads until the session is over. */
export async function readJetStream(reading: NatsReading, settings: NatsJetStream): Promise<void> {
  const { connection, session, prefetch } = reading;
  const { jetstream, jetstreamManager, AckPolicy, DeliverPolicy } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(connection);
  const config = await consumerConfig(manager, settings, {
    durable_name: settings.consumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: (settings.ackWaitSeconds ?? ACK_WAIT_SECONDS) * NANOS_PER_SECOND,
    deliver_policy: settings.from === 'new' ? DeliverPolicy.New : DeliverPolicy.All,
    max_deliver: -1,
  });
  if (config.ack_policy !== AckPolicy.Explicit)
    throw new Error(`The consumer ${settings.consumer} must have the ack policy explicit.`);
  const consumer = await jetstream(connection).consumers.get(settings.stream, settings.consumer);
  session.flowing();
  const ackWaitMs = (config.ack_wait ?? ACK_WAIT_SECONDS * NANOS_PER_SECOND) / 1_000_000;
  await pull(reading, consumer, prefetch, ackWaitMs);
  await session.settled();
}

/** The consumer's own configuration; made when there is none. */
async function consumerConfig(
  manager: JetStreamManager,
  { stream, consumer, subjects }: NatsJetStream,
  wanted: Partial<ConsumerConfig>,
): Promise<Partial<ConsumerConfig>> {
  const { JetStreamApiCodes, JetStreamApiError } = await import('@nats-io/jetstream');
  try {
    return (await manager.consumers.info(stream, consumer)).config;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.ConsumerNotFound)
      throw error;
  }
  const filter =
    subjects === undefined
      ? {}
      : subjects.length === 1
        ? { filter_subject: subjects[0]! }
        : { filter_subjects: [...subjects] };
  return (await manager.consumers.add(stream, { ...wanted, ...filter })).config;
}

/** Asks for as many as there is room for, so that none waits here and its time does not run out. */
async function pull(
  { parts, host, session }: NatsReading,
  consumer: Consumer,
  prefetch: number,
  ackWaitMs: number,
): Promise<void> {
  const room = roomOf(session, prefetch);
  for (let places = await room.free(); places > 0; places = await room.free()) {
    const askedAt = parts.clock.now();
    let count = 0;
    // When stopped, the answer is waited for all the same: what is dropped on the way would wait for the ack wait.
    for await (const message of await consumer.fetch({ max_messages: places, expires: PULL_MS })) {
      count++;
      if (session.ending.aborted) message.nak();
      else room.take(() => takeOne(parts, host, session, message, ackWaitMs));
    }
    if (count > 0 || parts.clock.now() - askedAt > PULL_MS / 2) continue;
    await consumer.info(); // Rejects when the consumer or its stream was deleted.
    await sleepOnce(parts.clock, PULL_MS, session.ending);
  }
}

async function takeOne(
  parts: InboundParts,
  host: InboundHost,
  session: Session,
  message: JsMsg,
  ackWaitMs: number,
): Promise<void> {
  // The server must not think that it is lost while the store is slow.
  let stillWorking = (): void => {};
  const again = (): void => {
    message.working();
    stillWorking = parts.clock.after(ackWaitMs / 2, again);
  };
  stillWorking = parts.clock.after(ackWaitMs / 2, again);
  const verdict = await session.taker.once(jetStreamItem(host, message)).finally(() => stillWorking());
  if (verdict.kind === 'taken') message.ack();
  else if (verdict.kind === 'refused') message.term();
  else message.nak(pauseAfter(message.info.deliveryCount, parts.dice, QUEUE_PAUSES));
}

/** One message of a stream as an item. */
export function jetStreamItem(host: InboundHost, message: JsMsg) {
  const { stream, streamSequence, deliveryCount, consumer } = message.info;
  return queueItem(host, {
    body: message.data,
    contentType: null,
    headers: headersOf(message.headers),
    dedupeKey: `${stream}/${streamSequence}`,
    orderingKey: null,
    meta: {
      subject: message.subject,
      stream,
      consumer,
      sequence: streamSequence,
      deliveries: deliveryCount,
      storedAt: message.timestamp,
    },
  });
}

export function headersOf(headers: MsgHdrs | undefined): readonly (readonly [string, string])[] {
  if (!headers) return [];
  return headers.keys().flatMap((name) => headers.values(name).map((value) => [name, value] as const));
}
