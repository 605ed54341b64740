/** Sources on the wire. Secrets go in and never come out, but by an operation of its own. */
import Type, { type Static } from 'typebox';
import type { Source, SourceHealth, SourceSecret } from '../core/catalog/resources.ts';
import { renderId } from '../core/ids.ts';
import { SOURCE_KINDS } from '../core/received/source-kinds.ts';
import { MASK } from './endpoint-settings.ts';
import { IdOut } from './ids.ts';
import { Metadata } from './metadata.ts';
import { ListResponse } from './page.ts';
import { Instant, Name, Nullable, renderInstant, STRICT } from './shape.ts';
import { Uid } from './uid.ts';

const EXPRESSION_CHARS_MAX = 4096;
const TEMPLATE_CHARS_MAX = 65_536;
const SECRET_CHARS_MAX = 65_536;
const SECRETS_MAX = 10;
const DAY_SECONDS = 86_400;

const Expression = Type.String({
  minLength: 1,
  maxLength: EXPRESSION_CHARS_MAX,
  description: 'A CEL expression over the event, e.g. `headers["x-github-event"] + "." + body.action`.',
});
const SecretText = Type.String({ minLength: 1, maxLength: SECRET_CHARS_MAX });
const Kind = Type.Union(SOURCE_KINDS.map((kind) => Type.Literal(kind)));
const Headers = Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 8192 }), {
  maxProperties: 50,
});

export const SourceAnswerShape = Type.Union(
  [
    Type.Object({ kind: Type.Literal('ack') }, STRICT),
    Type.Object(
      {
        kind: Type.Union([Type.Literal('static'), Type.Literal('template')]),
        status: Type.Optional(
          Type.Union([Type.Integer({ minimum: 200, maximum: 599 }), Type.String({ maxLength: 4096 })]),
        ),
        headers: Type.Optional(Headers),
        body: Type.Optional(Type.String({ maxLength: TEMPLATE_CHARS_MAX })),
      },
      STRICT,
    ),
    Type.Object({ kind: Type.Literal('poll') }, STRICT),
  ],
  {
    description:
      'What senders are answered once the event is stored. `ack`: 202 with its id, or what the provider expects. `static`. `template`: `{{ CEL }}` in status (a text), headers and body. `poll`: 202 with a Location that tells what became of it.',
  },
);

const SETTINGS = {
  uid: Type.Optional(Nullable(Uid)),
  description: Type.Optional(Type.String({ maxLength: 16_384 })),
  metadata: Type.Optional(Metadata),
  provider: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Who calls: an id of `GET /api/v1/provider`. `none` = whoever has the URL.',
    }),
  ),
  providerConfig: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: SECRET_CHARS_MAX }), {
      maxProperties: 20,
      description: 'What the provider needs beside the secret.',
    }),
  ),
  secrets: Type.Optional(
    Nullable(
      Type.Array(SecretText, {
        maxItems: SECRETS_MAX,
        description:
          'What proves the sender, newest first; any of them is accepted. Replaces what was there; leave out to keep.',
      }),
    ),
  ),
  values: Type.Optional(
    Nullable(
      Type.Record(Type.String({ maxLength: 64 }), SecretText, {
        maxProperties: 50,
        description: 'Secret values that expressions read with `secret("name")`.',
      }),
    ),
  ),
  allowCapture: Type.Optional(
    Type.Boolean({ description: 'Keep, once, the secret that the sender announces in its handshake.' }),
  ),
  toleranceSeconds: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: DAY_SECONDS }))),
  methods: Type.Optional(
    Nullable(
      Type.Array(Type.String({ pattern: '^[A-Z]{3,10}$' }), {
        minItems: 1,
        maxItems: 10,
        description: 'Methods that are taken; null = all.',
      }),
    ),
  ),
  contentType: Type.Optional(
    Nullable(
      Type.String({ maxLength: 256, description: 'What the bytes are, whatever the sender calls them.' }),
    ),
  ),
  payloadFrom: Type.Optional(
    Nullable(
      Type.String({
        maxLength: 256,
        pattern: '^(form|json|jwt|email):.+',
        description: 'A document inside the document, e.g. `form:payload`.',
      }),
    ),
  ),
  type: Type.Optional(Nullable(Expression)),
  orderingKey: Type.Optional(Nullable(Expression)),
  dedupe: Type.Optional(
    Nullable(
      Type.Object(
        {
          key: Type.Optional(Nullable(Expression)),
          windowSeconds: Type.Integer({ minimum: 1, maximum: 30 * DAY_SECONDS }),
        },
        STRICT,
      ),
    ),
  ),
  answer: Type.Optional(SourceAnswerShape),
  rateLimit: Type.Optional(
    Nullable(
      Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'Calls per second and node.' }),
    ),
  ),
  bodyBytesMax: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 64 * 1024 * 1024 }))),
  onParseError: Type.Optional(Type.Union([Type.Literal('accept'), Type.Literal('refuse')])),
  disabled: Type.Optional(Type.Boolean()),
  expectEverySeconds: Type.Optional(
    Nullable(
      Type.Integer({ minimum: 1, maximum: 366 * DAY_SECONDS, description: 'Longest normal silence.' }),
    ),
  ),
  retentionDays: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 3650 }))),
  redactHeaders: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      maxItems: 50,
      description: 'Headers that are sealed at rest and shown masked, beside Authorization and Cookie.',
    }),
  ),
  input: Type.Optional(
    Nullable(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Settings of a kind that fetches or listens: see docs/ways-in.md.',
      }),
    ),
  ),
} as const;

export const SourceIn = Type.Object(
  { name: Name, kind: Type.Optional(Kind), ...SETTINGS },
  { title: 'SourceIn', ...STRICT },
);
export const SourcePatch = Type.Object(
  { name: Type.Optional(Name), ...SETTINGS },
  { title: 'SourcePatch', ...STRICT },
);
export type SourceChanges = Partial<Static<typeof SourceIn>>;

export const SourceOut = Type.Object(
  {
    id: IdOut('source'),
    uid: Nullable(Type.String()),
    kind: Type.String(),
    name: Name,
    description: Type.String(),
    url: Type.String({ description: 'Where to send. Whoever has it can call the source.' }),
    mailbox: Nullable(Type.String({ description: 'Of kind `smtp`: where to write to.' })),
    provider: Type.String(),
    providerConfig: Type.Record(Type.String(), Type.String()),
    secrets: Type.Array(
      Type.Object({ secret: Type.String(), createdAt: Instant, expiresAt: Nullable(Instant) }),
      { description: 'Masked.' },
    ),
    values: Type.Array(Type.String(), { description: 'Names only.' }),
    allowCapture: Type.Boolean(),
    toleranceSeconds: Nullable(Type.Integer()),
    methods: Nullable(Type.Array(Type.String())),
    contentType: Nullable(Type.String()),
    payloadFrom: Nullable(Type.String()),
    type: Nullable(Type.String()),
    orderingKey: Nullable(Type.String()),
    dedupe: Nullable(Type.Object({ key: Nullable(Type.String()), windowSeconds: Type.Number() })),
    answer: Type.Unknown(),
    rateLimit: Nullable(Type.Number()),
    bodyBytesMax: Nullable(Type.Integer()),
    onParseError: Type.String(),
    disabled: Type.Boolean(),
    pausedAt: Nullable(Instant),
    expectEverySeconds: Nullable(Type.Number()),
    retentionDays: Nullable(Type.Number()),
    redactHeaders: Type.Array(Type.String()),
    input: Nullable(Type.Unknown({ description: 'Secrets are masked.' })),
    metadata: Metadata,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'SourceOut' },
);
export const SourceList = ListResponse(SourceOut, 'ListResponse_SourceOut_');

export const SourceHealthOut = Type.Object(
  {
    state: Type.String({ description: 'starting, running, failing or silent.' }),
    detail: Nullable(Type.String()),
    since: Instant,
    lastEventAt: Nullable(Instant),
  },
  { title: 'SourceHealthOut' },
);

export const SourceSecretsOut = Type.Object(
  { secrets: Type.Array(Type.Object({ secret: Type.String(), expiresAt: Nullable(Instant) })) },
  { title: 'SourceSecretsOut' },
);

export const SourceSecretRotateIn = Type.Object(
  {
    secret: Type.Optional(Nullable(SecretText)),
    keepOldSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 30 * DAY_SECONDS })),
  },
  { title: 'SourceSecretRotateIn', ...STRICT },
);

/** What was sealed in a source, opened by the caller; only masked parts of it are shown. */
export interface OpenedSource {
  readonly url: string;
  readonly secrets: readonly SourceSecret[];
  readonly valueNames: readonly string[];
  readonly providerConfig: Source['providerConfig'];
  /** The kind's settings, secrets already masked. */
  readonly input: unknown;
}

export function renderSource(source: Source, opened: OpenedSource): Static<typeof SourceOut> {
  return {
    id: renderId(source.id, 'source'),
    uid: source.uid,
    kind: source.kind,
    name: source.name,
    description: source.description,
    url: opened.url,
    mailbox: source.kind === 'smtp' ? mailboxOf(opened.url) : null,
    provider: source.provider,
    providerConfig: opened.providerConfig,
    secrets: opened.secrets.map(({ createdAt, expiresAt }) => ({
      secret: MASK,
      createdAt: renderInstant(createdAt),
      expiresAt: expiresAt === null ? null : renderInstant(expiresAt),
    })),
    values: [...opened.valueNames],
    allowCapture: source.allowCapture,
    toleranceSeconds: source.toleranceSeconds,
    methods: source.methods === null ? null : [...source.methods],
    contentType: source.contentType,
    payloadFrom: source.payloadFrom,
    type: source.type,
    orderingKey: source.orderingKey,
    dedupe:
      source.dedupe === null
        ? null
        : { key: source.dedupe.key, windowSeconds: source.dedupe.windowMs / 1000 },
    answer: source.answer,
    rateLimit: source.rateLimit,
    bodyBytesMax: source.bodyBytesMax,
    onParseError: source.onParseError,
    disabled: source.disabled,
    pausedAt: source.pausedAt === null ? null : renderInstant(source.pausedAt),
    expectEverySeconds: source.expectEveryMs === null ? null : source.expectEveryMs / 1000,
    retentionDays: source.retentionMs === null ? null : source.retentionMs / (DAY_SECONDS * 1000),
    redactHeaders: [...source.redactHeaders],
    input: opened.input,
    metadata: source.metadata,
    createdAt: renderInstant(source.createdAt),
    updatedAt: renderInstant(source.updatedAt),
  };
}

export function renderHealth(health: SourceHealth): Static<typeof SourceHealthOut> {
  return {
    state: health.state,
    detail: health.detail,
    since: renderInstant(health.since),
    lastEventAt: health.lastEventAt === null ? null : renderInstant(health.lastEventAt),
  };
}

/** The token as the local part; the host is the one that senders of calls know. */
function mailboxOf(url: string): string {
  const { hostname, pathname } = new URL(url);
  return `${pathname.slice(pathname.lastIndexOf('/') + 1)}@${hostname}`;
}
