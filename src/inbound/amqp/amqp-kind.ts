/** Reads a queue of AMQP 0-9-1 (RabbitMQ). A message is acknowledged when it is stored; until then the server keeps it. */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { plain, queueItem } from '../queue/message.ts';
import { reach, tlsTrust } from '../queue/reach.ts';
import { runSessions, type Session } from '../queue/sessions.ts';
import { AMQP_SECRETS, type AmqpSettings, amqpSettings } from './settings.ts';

const CONNECT_WITHIN_MS = 15_000;

export function amqpKind(parts: InboundParts): InboundKind {
  return {
    kind: 'amqp',
    secretMembers: AMQP_SECRETS,
    check: (input) => void amqpSettings(input),
    run(host) {
      const settings = amqpSettings(host.input);
      return runSessions(parts, host, (session) => consume(parts, host, settings, session));
    },
  };
}

async function consume(
  parts: InboundParts,
  host: InboundHost,
  settings: AmqpSettings,
  session: Session,
): Promise<void> {
  const connection = await connectTo(parts, settings);
  connection.on('error', session.fail);
  connection.on('close', (cause?: Error) => session.fail(cause ?? 'The server closed the connection.'));
  try {
    const channel = await connection.createChannel();
    channel.on('error', session.fail);
    channel.on('close', () => session.fail('The server closed the channel.'));
    await prepare(channel, settings);
    await channel.prefetch(settings.prefetch);
    const { consumerTag } = await channel.consume(settings.queue, (message) => {
      if (message === null) return session.fail(`The queue ${settings.queue} was deleted.`);
      if (!session.ending.aborted) session.work(() => takeOne(host, session, channel, message));
    });
    session.flowing();
    await session.over;
    await channel.cancel(consumerTag).catch(session.fail);
    await session.settled();
    // Acknowledgements are sent before it closes.
    await channel.close().catch(session.fail);
  } catch (error) {
    session.fail(error); // Before the closing, which would be told instead.
  } finally {
    await connection.close().catch(() => {}); // It may be closed already.
  }
}

async function connectTo(parts: InboundParts, settings: AmqpSettings): Promise<ChannelModel> {
  const { connect } = await import('amqplib');
  const hostname = await reach(parts.web, settings.host);
  return connect(
    {
      protocol: settings.tls.isOn ? 'amqps' : 'amqp',
      hostname,
      port: settings.port,
      username: settings.username,
      password: settings.password,
      vhost: encodeURIComponent(settings.vhost),
      heartbeat: settings.heartbeatSeconds,
    },
    {
      ...tlsTrust(settings.tls, settings.host),
      timeout: CONNECT_WITHIN_MS,
      clientProperties: { connection_name: `${parts.userAgent} ${settings.queue}` },
    },
  );
}

async function prepare(channel: Channel, { queue, declare }: AmqpSettings): Promise<void> {
  if (declare === undefined) {
    await channel.checkQueue(queue);
    return;
  }
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      ...(declare.queueType === 'quorum' && { 'x-queue-type': 'quorum' }),
      ...(declare.deadLetterExchange !== undefined && {
        'x-dead-letter-exchange': declare.deadLetterExchange,
      }),
    },
  });
  if (declare.exchange !== undefined)
    await channel.bindQueue(queue, declare.exchange, declare.routingKey ?? '');
}

async function takeOne(
  host: InboundHost,
  session: Session,
  channel: Channel,
  message: ConsumeMessage,
): Promise<void> {
  const verdict = await session.taker.firmly(amqpItem(host, message), session.ending);
  // Not settled: the server gives it to somebody again when this channel closes.
  if (verdict.kind === 'later') return;
  try {
    if (verdict.kind === 'taken') channel.ack(message);
    else channel.nack(message, false, false);
  } catch (error) {
    session.fail(error); // The channel closed meanwhile: it comes again, and is a duplicate.
  }
}

/** One delivery as an item. Exported for the tests of its shape. */
export function amqpItem(host: InboundHost, { content, fields, properties }: ConsumeMessage) {
  const { headers, messageId, contentType, contentEncoding } = properties;
  return queueItem(host, {
    body: content,
    contentType: contentType ?? null,
    headers: [
      ...Object.entries(headers ?? {}),
      ...(contentEncoding ? [['content-encoding', contentEncoding] as const] : []),
    ],
    dedupeKey: messageId || null,
    orderingKey: null,
    meta: {
      exchange: fields.exchange,
      routingKey: fields.routingKey,
      redelivered: fields.redelivered,
      messageId: messageId ?? null,
      correlationId: properties.correlationId ?? null,
      replyTo: properties.replyTo ?? null,
      messageType: properties.type ?? null,
      appId: properties.appId ?? null,
      timestamp: plain(properties.timestamp),
    },
  });
}
