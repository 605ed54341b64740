/** Settings of a Redis source: a consumer group on a stream, or a list. Valkey and KeyDB speak the same. */
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

const CLAIM_AFTER_SECONDS = 300;

const StreamShape = Type.Object(
  {
    key: textShape(),
    /** Made when it is not there, and the stream with it. */
    group: textShape(),
    /** For a group that is made. */
    from: Type.Optional(Type.Union([Type.Literal('earliest'), Type.Literal('latest')])),
    /** The field with the payload; absent = the whole entry as a JSON object. */
    field: Type.Optional(textShape()),
    /** Entries that another consumer of the group got and left alone for so long are taken over; 0 = never. */
    claimAfterSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  },
  { additionalProperties: false },
);

const ListShape = Type.Object(
  {
    key: textShape(),
    /** The end that is taken from: `right` for those who LPUSH. */
    end: Type.Optional(Type.Union([Type.Literal('right'), Type.Literal('left')])),
    /** Where elements are kept while they are taken; absent = one named after the list and the source. */
    processing: Type.Optional(textShape()),
  },
  { additionalProperties: false },
);

const RedisShape = Type.Object(
  {
    host: HOST_SHAPE,
    port: Type.Optional(PORT_SHAPE),
    ...TLS_SHAPE,
    username: Type.Optional(textShape()),
    password: Type.Optional(textShape()),
    database: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
    prefetch: Type.Optional(PREFETCH_SHAPE),
    /** Where refused messages go (a stream, or a list); absent = they are acknowledged and gone. */
    deadLetter: Type.Optional(textShape()),
    stream: Type.Optional(StreamShape),
    list: Type.Optional(ListShape),
  },
  { additionalProperties: false },
);

type Shape = Static<typeof RedisShape>;
export type RedisStream = NonNullable<Shape['stream']> & { readonly claimAfterSeconds: number };
export type RedisList = NonNullable<Shape['list']>;
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly prefetch: number;
  readonly deadLetter: string | undefined;
  readonly read:
    | { readonly way: 'stream'; readonly stream: RedisStream }
    | { readonly way: 'list'; readonly list: RedisList };
}

export const REDIS_SECRETS: readonly string[] = ['password', 'tlsKey'];

const check = settingsCheck(RedisShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function redisSettings(input: unknown): RedisSettings {
  const given = check(input);
  return {
    host: given.host,
    port: given.port ?? 6379,
    tls: tlsOf(given),
    username: given.username,
    password: given.password,
    database: given.database ?? 0,
    prefetch: prefetchOf(given),
    deadLetter: given.deadLetter,
    read: readOf(given),
  };
}

function readOf({ stream, list }: Shape): RedisSettings['read'] {
  if (stream !== undefined && list === undefined) {
    const claimAfterSeconds = stream.claimAfterSeconds ?? CLAIM_AFTER_SECONDS;
    return { way: 'stream', stream: { ...stream, claimAfterSeconds } };
  }
  if (list !== undefined && stream === undefined) return { way: 'list', list };
  throw wrong(['stream'], 'Give either stream or list.');
}
