/** Reads Kafka as a member of a consumer group: in order within a partition, committed when it is stored. */
import { isIP } from 'node:net';
import type { Consumer, ConsumerOptions, Message, MessagesStream } from '@platformatic/kafka';
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { inTime } from '../queue/in-time.ts';
import { queueItem, textOrBase64 } from '../queue/message.ts';
import { tlsTrust } from '../queue/reach.ts';
import { runSessions, type Session } from '../queue/sessions.ts';
import { type Committer, committerOf } from './committer.ts';
import { type BrokerGuard, brokerGuard } from './guard-brokers.ts';
import { KAFKA_SECRETS, type KafkaSettings, kafkaSettings } from './settings.ts';

/** What one answer may hold, beyond its first message. */
const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const FETCH_WAIT_MS = 1_000;
const CONNECT_WITHIN_MS = 15_000;
const REQUEST_WITHIN_MS = 30_000;
const SESSION_MS = 30_000;
/** A member learns by its next heartbeat that the partitions are shared anew. */
const HEARTBEAT_MS = 1_000;
/** The client's tries are nested; what lasts longer is the session's to try again. */
const RETRIES = 1;
const RETRY_AFTER_MS = 250;
const CLOSE_WITHIN_MS = 10_000;

export type KafkaConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>;
export type KafkaMessage = Message<Buffer, Buffer, Buffer, Buffer>;
type KafkaStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

export function kafkaKind(parts: InboundParts): InboundKind {
  return {
    kind: 'kafka',
    secretMembers: KAFKA_SECRETS,
    check: (input) => void kafkaSettings(input),
    run(host) {
      const settings = kafkaSettings(host.input);
      return runSessions(parts, host, (session) => consume(parts, host, settings, session));
    },
  };
}

async function consume(
  parts: InboundParts,
  host: InboundHost,
  settings: KafkaSettings,
  session: Session,
): Promise<void> {
  const isNamed = settings.brokers.every((broker) => isIP(broker.host) === 0);
  const { Consumer, NetworkError } = await import('@platformatic/kafka');
  const guard = brokerGuard(parts.web, {
    isTls: settings.tls.isOn,
    isNamed,
    refusal: (sentence) => new NetworkError(sentence, { canRetry: false }),
  });
  const consumer: KafkaConsumer = new Consumer({
    ...consumerOptions(settings, guard, isNamed),
    // Whoever runs the source next is the same member: it goes on at once, and the last one is shut out.
    groupInstanceId: `posthorn-${host.source.id}`,
  });
  guard.guard(consumer.connections);
  consumer.on('error', session.fail);
  consumer.on('consumer:heartbeat:stalled', ({ lastError }) =>
    session.fail(lastError ?? 'The broker does not hear us.'),
  );
  let stream: KafkaStream | undefined;
  try {
    stream = await consumer.consume({
      topics: [...settings.topics],
      mode: 'committed',
      fallbackMode: settings.from,
      autocommit: false,
    });
    guard.guard(stream.connections);
    stream.on('error', session.fail);
    stream.on('close', () => session.fail('The broker ended the reading.'));
    const committer = committerOf(consumer, session, parts.clock);
    flow(host, session, stream, committer, settings.prefetch);
    session.flowing();
    await session.over;
    stream.pause();
  } catch (error) {
    session.fail(error);
  } finally {
    await session.settled();
    const closed = closeAll(consumer, stream);
    await inTime(parts.clock, CLOSE_WITHIN_MS, 'The closing', closed).catch(session.fail);
  }
}

function consumerOptions(
  { brokers, tls, sasl, groupId, prefetch }: KafkaSettings,
  guard: BrokerGuard,
  isNamed: boolean,
): ConsumerOptions<Buffer, Buffer, Buffer, Buffer> {
  return {
    clientId: 'posthorn',
    groupId,
    bootstrapBrokers: brokers.map(({ host, port }) => ({ host, port })),
    connectTimeout: CONNECT_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxBytes: FETCH_BYTES_MAX,
    maxWaitTime: FETCH_WAIT_MS,
    highWaterMark: prefetch,
    retries: RETRIES,
    retryDelay: RETRY_AFTER_MS,
    autocreateTopics: false,
    ...(tls.isOn && { tls: { ...tlsTrust(tls, null), lookup: guard.lookup }, tlsServerName: isNamed }),
    ...(sasl && { sasl }),
  };
}

/** Messages of a partition wait for each other; at most `prefetch` messages wait here. */
function flow(
  host: InboundHost,
  session: Session,
  stream: KafkaStream,
  committer: Committer,
  prefetch: number,
): void {
  const lanes = new Map<string, Promise<void>>();
  let waiting = 0;
  stream.on('data', (message: KafkaMessage) => {
    if (session.ending.aborted) return; // Not committed: it comes again.
    const key = `${message.topic}/${message.partition}`;
    if (++waiting >= prefetch) stream.pause();
    const turn = (lanes.get(key) ?? Promise.resolve()).then(() => takeOne(host, session, committer, message));
    lanes.set(key, turn);
    session.work(async () => {
      try {
        await turn;
      } finally {
        if (lanes.get(key) === turn) lanes.delete(key);
        if (--waiting < prefetch && !session.ending.aborted) stream.resume();
      }
    });
  });
}

async function takeOne(
  host: InboundHost,
  session: Session,
  committer: Committer,
  message: KafkaMessage,
): Promise<void> {
  if (session.ending.aborted || !committer.isOurs(message)) return;
  const verdict = await session.taker.firmly(kafkaItem(host, message), session.ending);
  // Kafka has no dead letters: what was refused is passed over, and told.
  if (verdict.kind !== 'later') committer.taken(message);
}

async function closeAll(consumer: KafkaConsumer, stream: KafkaStream | undefined): Promise<void> {
  stream?.destroy();
  // Leaves the group, so that others get the partitions at once.
  await consumer.close(true).catch(() => consumer.connections.close());
}

/** One message as an item. A tombstone has no bytes, and `tombstone` in its meta. */
export function kafkaItem(host: InboundHost, message: KafkaMessage) {
  const { topic, partition, offset, key, value, headerEntries, timestamp } = message;
  const hasKey = key !== undefined && key !== null;
  const hasValue = value !== undefined && value !== null;
  return queueItem(host, {
    body: value ?? new Uint8Array(),
    contentType: null,
    headers: (headerEntries ?? []).map(([name, one]) => [textOrBase64(name), one] as const),
    dedupeKey: `${topic}/${partition}/${offset}`,
    orderingKey: hasKey ? textOrBase64(key) : null,
    meta: {
      topic,
      partition,
      offset: String(offset),
      timestamp: Number(timestamp),
      key: hasKey ? textOrBase64(key) : null,
      ...(!hasValue && { tombstone: true }),
    },
  });
}
