/** Settings of a NATS source: a JetStream consumer, or a plain subject. */
import Type, { type Static } from 'typebox';
import { settingsCheck, wrong } from '../check-settings.ts';
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

const SUBJECTS_MAX = 100;
const CREDS_CHARS_MAX = 16_384;
/** No white space: it would end the word in the protocol. */
const SUBJECT = Type.String({ minLength: 1, maxLength: 1_024, pattern: '^[^\\s]+$' });
/** Names of streams and consumers are words of a subject. */
const NAME = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\s.*>/\\\\]+$' });

const JetStreamShape = Type.Object(
  {
    stream: NAME,
    /** Durable: it remembers what was acknowledged. Made when it is not there. */
    consumer: NAME,
    /** For a consumer that is made: which subjects of the stream, and from where. */
    subjects: Type.Optional(Type.Array(SUBJECT, { minItems: 1, maxItems: SUBJECTS_MAX })),
    from: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('new')])),
    ackWaitSeconds: Type.Optional(Type.Integer({ minimum: 2, maximum: 3_600 })),
  },
  { additionalProperties: false },
);

const CoreShape = Type.Object(
  {
    subject: SUBJECT,
    /** Subscribers of one group share the messages. */
    queueGroup: Type.Optional(SUBJECT),
  },
  { additionalProperties: false },
);

const NatsShape = Type.Object(
  {
    host: HOST_SHAPE,
    port: Type.Optional(PORT_SHAPE),
    ...TLS_SHAPE,
    username: Type.Optional(textShape()),
    password: Type.Optional(textShape()),
    token: Type.Optional(textShape()),
    /** Seed of an nkey (`SU…`). */
    nkeySeed: Type.Optional(textShape(200)),
    /** Text of a `.creds` file: a JWT and its seed. */
    creds: Type.Optional(textShape(CREDS_CHARS_MAX)),
    prefetch: Type.Optional(PREFETCH_SHAPE),
    jetstream: Type.Optional(JetStreamShape),
    /** No acknowledgement: what comes while nobody listens is lost. */
    core: Type.Optional(CoreShape),
  },
  { additionalProperties: false },
);

type Shape = Static<typeof NatsShape>;
export type NatsCore = NonNullable<Shape['core']>;
export type NatsJetStream = NonNullable<Shape['jetstream']>;
export interface NatsSettings extends Omit<Shape, 'tls' | 'port' | 'prefetch' | 'jetstream' | 'core'> {
  readonly port: number;
  readonly tls: TlsSettings;
  readonly prefetch: number;
  readonly read:
    | { readonly way: 'jetstream'; readonly jetstream: NatsJetStream }
    | { readonly way: 'core'; readonly core: NatsCore };
}

export const NATS_SECRETS: readonly string[] = ['password', 'token', 'nkeySeed', 'creds', 'tlsKey'];

const check = settingsCheck(NatsShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function natsSettings(input: unknown): NatsSettings {
  const { tls: _, port, prefetch, jetstream, core, ...given } = check(input);
  const ways = [given.username, given.token, given.nkeySeed, given.creds];
  if (ways.filter((way) => way !== undefined).length > 1)
    throw wrong([], 'Give one way to log in: username and password, token, nkeySeed or creds.');
  return {
    ...given,
    port: port ?? 4222,
    tls: tlsOf(check(input)),
    prefetch: prefetchOf({ ...(prefetch !== undefined && { prefetch }) }),
    read: readOf(jetstream, core),
  };
}

function readOf(jetstream: Shape['jetstream'], core: Shape['core']): NatsSettings['read'] {
  if (jetstream !== undefined && core === undefined) return { way: 'jetstream', jetstream };
  if (core !== undefined && jetstream === undefined) return { way: 'core', core };
  throw wrong(['jetstream'], 'Give either jetstream (acknowledged) or core (not acknowledged).');
}
