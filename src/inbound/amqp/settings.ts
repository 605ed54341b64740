/** Settings of an AMQP 0-9-1 queue (RabbitMQ). */
import Type, { type Static } from 'typebox';
import { settingsCheck } from '../check-settings.ts';
import {
  HOST_SHAPE,
  PORT_SHAPE,
  PREFETCH_SHAPE,
  prefetchOf,
  TLS_SHAPE,
  type TlsSettings,
  textShape,
  tlsOf,
} from '../queue/shapes.ts';

/** AMQP's short strings have at most 255 bytes. */
const SHORT = textShape(255);

const AmqpShape = Type.Object(
  {
    host: HOST_SHAPE,
    port: Type.Optional(PORT_SHAPE),
    ...TLS_SHAPE,
    vhost: Type.Optional(SHORT),
    username: SHORT,
    password: Type.Optional(textShape()),
    queue: SHORT,
    prefetch: Type.Optional(PREFETCH_SHAPE),
    /** Either side that hears nothing for two of these ends the connection; 0 = never. */
    heartbeatSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600 })),
    /** Makes the durable queue; absent = it must be there. */
    declare: Type.Optional(
      Type.Object(
        {
          queueType: Type.Optional(Type.Union([Type.Literal('classic'), Type.Literal('quorum')])),
          /** Where refused messages go; absent = the server drops them. */
          deadLetterExchange: Type.Optional(SHORT),
          /** What the queue is bound to; absent = only the default exchange reaches it. */
          exchange: Type.Optional(SHORT),
          routingKey: Type.Optional(Type.String({ maxLength: 255 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

type Shape = Static<typeof AmqpShape>;
export interface AmqpSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
  readonly queue: string;
  readonly prefetch: number;
  readonly heartbeatSeconds: number;
  readonly declare: Shape['declare'] | undefined;
}

export const AMQP_SECRETS: readonly string[] = ['password', 'tlsKey'];

const check = settingsCheck(AmqpShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function amqpSettings(input: unknown): AmqpSettings {
  const given = check(input);
  const tls = tlsOf(given);
  return {
    host: given.host,
    port: given.port ?? (tls.isOn ? 5671 : 5672),
    tls,
    vhost: given.vhost ?? '/',
    username: given.username,
    password: given.password ?? '',
    queue: given.queue,
    prefetch: prefetchOf(given),
    heartbeatSeconds: given.heartbeatSeconds ?? 30,
    declare: given.declare,
  };
}
