/** Settings of a Kafka source: a consumer group on topics. */
import Type, { type Static } from 'typebox';
import { settingsCheck, wrong } from '../check-settings.ts';
import {
  PREFETCH_SHAPE,
  prefetchOf,
  TLS_SHAPE,
  type TlsSettings,
  textShape,
  tlsOf,
} from '../queue/shapes.ts';

const BROKERS_MAX = 20;
const TOPICS_MAX = 100;
const PORT = 9092;
/** Kafka's own rule for names of topics. */
const TOPIC = Type.String({ minLength: 1, maxLength: 249, pattern: '^[a-zA-Z0-9._-]+$' });

const KafkaShape = Type.Object(
  {
    /** `host:port`, `host` or `[address]:port`: any of them; they announce the others. */
    brokers: Type.Array(textShape(300), { minItems: 1, maxItems: BROKERS_MAX }),
    ...TLS_SHAPE,
    sasl: Type.Optional(
      Type.Union([Type.Literal('plain'), Type.Literal('scram-sha-256'), Type.Literal('scram-sha-512')]),
    ),
    username: Type.Optional(textShape()),
    password: Type.Optional(textShape()),
    /** Its members share the partitions, and it remembers what was taken. */
    groupId: textShape(255),
    topics: Type.Array(TOPIC, { minItems: 1, maxItems: TOPICS_MAX }),
    /** Where a group begins that has remembered nothing. */
    from: Type.Optional(Type.Union([Type.Literal('earliest'), Type.Literal('latest')])),
    prefetch: Type.Optional(PREFETCH_SHAPE),
  },
  { additionalProperties: false },
);

export interface KafkaBroker {
  readonly host: string;
  readonly port: number;
}

export interface KafkaSettings {
  readonly brokers: readonly KafkaBroker[];
  readonly tls: TlsSettings;
  readonly sasl: KafkaSasl | null;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly from: 'earliest' | 'latest';
  readonly prefetch: number;
}

export interface KafkaSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

export const KAFKA_SECRETS: readonly string[] = ['password', 'tlsKey'];

const check = settingsCheck(KafkaShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function kafkaSettings(input: unknown): KafkaSettings {
  const given = check(input);
  return {
    brokers: given.brokers.map(brokerOf),
    tls: tlsOf(given),
    sasl: saslOf(given),
    groupId: given.groupId,
    topics: [...new Set(given.topics)],
    from: given.from ?? 'latest',
    prefetch: prefetchOf(given),
  };
}

function brokerOf(text: string, at: number): KafkaBroker {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s/@:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(parts?.[3] ?? PORT);
  if (!parts || port < 1 || port > 65_535)
    throw wrong(['brokers', at], 'Give host:port, without a scheme; an IPv6 address stands in brackets.');
  return { host: (parts[1] ?? parts[2])!, port };
}

function saslOf({ sasl, username, password }: Static<typeof KafkaShape>): KafkaSasl | null {
  if (sasl === undefined) {
    if ((username ?? password) === undefined) return null;
    throw wrong(['sasl'], 'Say how to log in: plain, scram-sha-256 or scram-sha-512.');
  }
  if (username === undefined || password === undefined)
    throw wrong([username === undefined ? 'username' : 'password'], 'SASL needs a username and a password.');
  return { mechanism: sasl.toUpperCase() as KafkaSasl['mechanism'], username, password };
}
