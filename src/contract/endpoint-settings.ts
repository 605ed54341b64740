/** What an endpoint can be told beyond the compatible API: how to retry, in which order, with which credentials. */
import Type, { type Static } from 'typebox';
import type { ClientTls, DestinationAuth, Ordering } from '../core/catalog/resources.ts';
import { urlFault } from '../core/event/limits.ts';
import { invalid } from '../core/problem.ts';
import { RetrySchedule } from './retry-schedule.ts';
import { Nullable } from './shape.ts';
import { splitLogin } from './url-login.ts';

const TIMEOUT_SECONDS_MAX = 60;
const CONCURRENCY_MAX = 1000;
const SECRET_CHARS_MAX = 4096;
const EXTRA_PARAMS_MAX = 50;
const PEM_CHARS_MAX = 65_536;
/** Stands for a secret that is kept but never shown. */
export const MASK = '••••••••';

const SecretText = Type.String({ minLength: 1, maxLength: SECRET_CHARS_MAX });

export const EndpointAuth = Type.Union(
  [
    Type.Object({
      type: Type.Literal('basic'),
      username: Type.String({ maxLength: SECRET_CHARS_MAX }),
      password: Type.String({ maxLength: SECRET_CHARS_MAX }),
    }),
    Type.Object({ type: Type.Literal('bearer'), token: SecretText }),
    Type.Object({
      type: Type.Literal('oauth2'),
      tokenUrl: Type.String({ minLength: 1, maxLength: 4096 }),
      clientId: SecretText,
      clientSecret: SecretText,
      scopes: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 50 })),
      clientAuth: Type.Optional(Type.Union([Type.Literal('basic'), Type.Literal('body')])),
      extraParams: Type.Optional(
        Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: SECRET_CHARS_MAX }), {
          maxProperties: EXTRA_PARAMS_MAX,
        }),
      ),
    }),
  ],
  {
    description:
      'How deliveries prove who sends them: basic, bearer, or OAuth 2.0 client credentials. Answers show it with its secrets masked.',
  },
);

export const EndpointTls = Type.Object(
  {
    cert: Type.Optional(
      Nullable(Type.String({ maxLength: PEM_CHARS_MAX, description: 'PEM; needs `key`.' })),
    ),
    key: Type.Optional(
      Nullable(Type.String({ maxLength: PEM_CHARS_MAX, description: 'PEM, not encrypted.' })),
    ),
    ca: Type.Optional(
      Nullable(
        Type.String({
          maxLength: PEM_CHARS_MAX,
          description: 'PEM; trusted instead of the system’s authorities.',
        }),
      ),
    ),
  },
  { description: 'Client certificate and authorities for TLS. Answers only say which are set.' },
);

export const EndpointOrdering = Type.Object(
  {
    scope: Type.Union([Type.Literal('none'), Type.Literal('endpoint'), Type.Literal('key')], {
      description: 'First in, first out for the whole endpoint, or per ordering key of the message.',
    }),
    onFailure: Type.Optional(
      Type.Union([Type.Literal('block'), Type.Literal('skip')], {
        description:
          'While the first of a line waits for its retry: hold the rest (the default), or let it pass.',
      }),
    ),
  },
  { description: 'Order of deliveries.' },
);

/** Spread into EndpointIn, EndpointUpdate and EndpointPatch. On PUT and PATCH absent keeps, null resets. */
export const ENDPOINT_SETTINGS = {
  retrySchedule: Type.Optional(Nullable(RetrySchedule)),
  timeoutSeconds: Type.Optional(
    Nullable(
      Type.Integer({ minimum: 1, maximum: TIMEOUT_SECONDS_MAX, description: 'Time limit of one attempt.' }),
    ),
  ),
  concurrency: Type.Optional(
    Nullable(
      Type.Integer({ minimum: 1, maximum: CONCURRENCY_MAX, description: 'Attempts in flight at once.' }),
    ),
  ),
  ordering: Type.Optional(Nullable(EndpointOrdering)),
  method: Type.Optional(
    Nullable(
      Type.Union(
        [
          Type.Literal('POST'),
          Type.Literal('PUT'),
          Type.Literal('PATCH'),
          Type.Literal('DELETE'),
          Type.Literal('GET'),
        ],
        { description: 'Method of every delivery; null = the message’s own, else POST.' },
      ),
    ),
  ),
  auth: Type.Optional(Nullable(EndpointAuth)),
  tls: Type.Optional(Nullable(EndpointTls)),
  http2: Type.Optional(Type.Boolean({ description: 'Allow HTTP/2 when the receiver offers it.' })),
} as const;

export function parseOrdering(given: Static<typeof EndpointOrdering> | null): Ordering {
  return { scope: given?.scope ?? 'none', onFailure: given?.onFailure ?? 'block' };
}

/** Fills in what may be left out; refuses a mask that was sent back. */
export function parseAuth(given: Static<typeof EndpointAuth>): DestinationAuth {
  if (given.type === 'basic') {
    refuseMask(given.password, ['body', 'auth', 'password']);
    if (given.username.includes(':')) {
      throw invalid(
        ['body', 'auth', 'username'],
        'A user name of basic authentication holds no ":" (RFC 7617).',
      );
    }
    return { type: 'basic', username: given.username, password: given.password };
  }
  if (given.type === 'bearer') {
    refuseMask(given.token, ['body', 'auth', 'token']);
    if (!/^[\x21-\x7e]+$/.test(given.token)) {
      throw invalid(['body', 'auth', 'token'], 'A bearer token is printable ASCII without spaces.');
    }
    return { type: 'bearer', token: given.token };
  }
  refuseMask(given.clientSecret, ['body', 'auth', 'clientSecret']);
  const { tokenUrl, clientId, clientSecret } = given;
  const fault = urlFault(tokenUrl) ?? (splitLogin(tokenUrl).login === null ? null : LOGIN_IN_TOKEN_URL);
  if (fault !== null) throw invalid(['body', 'auth', 'tokenUrl'], fault);
  return {
    type: 'oauth2',
    tokenUrl,
    clientId,
    clientSecret,
    scopes: given.scopes ?? [],
    clientAuth: given.clientAuth ?? 'basic',
    extraParams: given.extraParams ?? {},
  };
}

const LOGIN_IN_TOKEN_URL =
  'Take user and password out of the URL: the client proves itself with clientId and clientSecret.';

/** null when nothing is set in it. That the PEM texts fit is checked where cryptography is at hand. */
export function parseTls(given: Static<typeof EndpointTls>): ClientTls | null {
  const tls = { cert: given.cert ?? null, key: given.key ?? null, ca: given.ca ?? null };
  for (const member of ['cert', 'key', 'ca'] as const) refuseMask(tls[member], ['body', 'tls', member]);
  if ((tls.cert === null) !== (tls.key === null)) {
    throw invalid(['body', 'tls'], 'Give `cert` and `key` together, or neither.');
  }
  return tls.cert === null && tls.ca === null ? null : tls;
}

export function renderAuth(auth: DestinationAuth): DestinationAuth {
  if (auth.type === 'basic') return { type: 'basic', username: auth.username, password: MASK };
  if (auth.type === 'bearer') return { ...auth, token: MASK };
  const extraParams = Object.fromEntries(Object.keys(auth.extraParams).map((name) => [name, MASK]));
  return { ...auth, clientSecret: MASK, extraParams };
}

export function renderTls(tls: ClientTls) {
  const shown = (pem: string | null) => (pem === null ? null : MASK);
  return { cert: shown(tls.cert), key: shown(tls.key), ca: shown(tls.ca) };
}

function refuseMask(text: string | null, loc: readonly string[]): void {
  if (text === MASK)
    throw invalid(
      loc,
      'This is the mask of an answer, not a value: give the real one, or leave the member out.',
    );
}
