/** Settings of an AMQP 0-9-1 queue (RabbitMQ). */
import {
  HOST,
  PORT_MAX,
  readPrefetch,
  readTls,
  settingsReader,
  type TextBounds,
  type TlsSettings,
  wrong,
} from '../queue/settings-reader.ts';

export interface AmqpSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings;
  readonly vhost: string;
  readonly user: string;
  readonly password: string;
  readonly queue: string;
  readonly prefetch: number;
  /** 0 = none. */
  readonly heartbeatSeconds: number;
  /** null = the queue must be there already. */
  readonly declare: QueueDeclaration | null;
}

export interface QueueDeclaration {
  readonly type: 'classic' | 'quorum';
  /** Where refused messages go; null = the server drops them. */
  readonly deadLetterExchange: string | null;
  /** What the queue is bound to; null = only the default exchange reaches it. */
  readonly exchange: string | null;
  readonly routingKey: string;
}

export const AMQP_SECRETS = ['password', 'tlsKey'];

/** AMQP's short strings have at most 255 bytes. */
const SHORT: TextBounds = { max: 255 };

/** Checks `Source.input` of an `amqp` source. Problem `validation`. */
export function amqpSettings(input: unknown): AmqpSettings {
  const read = settingsReader(input);
  const tls = readTls(read);
  const settings = {
    host: read.text('host', HOST),
    port: read.integer('port', { fallback: tls.isOn ? 5671 : 5672, min: 1, max: PORT_MAX }),
    tls,
    vhost: read.optionalText('vhost', SHORT) ?? '/',
    user: read.text('user', SHORT),
    password: read.optionalText('password') ?? '',
    queue: read.text('queue', SHORT),
    prefetch: readPrefetch(read),
    heartbeatSeconds: read.integer('heartbeatSeconds', { fallback: 30, min: 0, max: 3_600 }),
  };
  const isDeclared = read.flag('declare', false);
  const declaration = {
    type: read.choice('queueType', ['classic', 'quorum'], 'classic'),
    deadLetterExchange: read.optionalText('deadLetterExchange', SHORT),
    exchange: read.optionalText('exchange', SHORT),
    routingKey: read.optionalText('routingKey', SHORT) ?? '',
  };
  read.end();
  if (!isDeclared && (declaration.deadLetterExchange ?? declaration.exchange) !== null)
    throw wrong('declare', 'must be true for an exchange to be bound or a dead-letter exchange to be set.');
  return { ...settings, declare: isDeclared ? declaration : null };
}
