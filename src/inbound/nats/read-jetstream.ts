/** A durable consumer of JetStream: ack when stored, nak with a delay when not, term when it never will be. */
import type { Consumer, ConsumerConfig, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { InboundHost } from '../../ports/inbound.ts';
import type { InboundParts } from '../kinds.ts';
import { queueItem } from '../queue/message.ts';
import { roomOf } from '../queue/room.ts';
import type { Session } from '../queue/sessions.ts';
import { QUEUE_PAUSES } from '../queue/taker.ts';
import { pauseAfter } from '../steady.ts';
import type { NatsJetStream } from './settings.ts';

export interface NatsReading {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly session: Session;
  readonly connection: NatsConnection;
  readonly prefetch: number;
}

const ACK_WAIT_SECONDS = 30;
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

/** Takes at most `prefetch` at once; as many wait here for their turn. */
async function pull(
  { parts, host, session }: NatsReading,
  consumer: Consumer,
  prefetch: number,
  ackWaitMs: number,
): Promise<void> {
  const messages = await consumer.consume({ max_messages: prefetch, abort_on_missing_resource: true });
  void session.over.then(() => messages.stop());
  const room = roomOf(session, prefetch);
  for await (const message of messages) {
    if (session.ending.aborted) break; // Not acknowledged: it comes again after the ack wait.
    room.take(() => takeOne(parts, host, session, message, ackWaitMs));
    await room.free();
  }
  if (!session.ending.aborted) throw new Error('The consumer or its stream was deleted.');
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
