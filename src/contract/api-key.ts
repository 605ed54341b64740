/** API keys: scoped, revocable access for programs. The secret is shown once, when the key is made. */
import Type, { type Static } from 'typebox';
import { SCOPES_MAX } from '../core/access/access.ts';
import type { ApiKey } from '../core/catalog/resources.ts';
import { renderId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { ListResponse } from './page.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';
import { Uid } from './uid.ts';

const Name = Type.String({ minLength: 1, maxLength: 256, description: 'What uses it, for people.' });
const Role = Type.Union([Type.Literal('owner'), Type.Literal('editor'), Type.Literal('viewer')]);
const Scope = Type.String({
  maxLength: 128,
  pattern: '^(\\*|[a-z-]+:(read|write|\\*))$',
  description: '`*`, or `resource:read`, `resource:write`, `resource:*`.',
});
const Scopes = Type.Array(Scope, { minItems: 1, maxItems: SCOPES_MAX });

export const ApiKeyIn = Type.Object(
  {
    name: Name,
    uid: Type.Optional(Nullable(Uid)),
    role: Type.Optional(Role),
    scopes: Type.Optional(Scopes),
    appId: Type.Optional(
      Nullable(
        Type.String({ minLength: 1, maxLength: 256, description: 'Confines the key to this application.' }),
      ),
    ),
    expiresAt: Type.Optional(
      Nullable(Type.String({ maxLength: 64, description: 'An instant in the future.' })),
    ),
  },
  { title: 'ApiKeyIn', description: 'Unless said: role editor, all scopes, no end.' },
);

const MEMBERS = {
  id: IdOut('apiKey'),
  uid: Nullable(Uid),
  name: Name,
  role: Role,
  scopes: Scopes,
  appId: Nullable(IdOut('application')),
  expiresAt: Nullable(Instant),
  revokedAt: Nullable(Instant),
  createdAt: Instant,
  updatedAt: Instant,
} as const;

export const ApiKeyOut = Type.Object(MEMBERS, { title: 'ApiKeyOut' });
export const ApiKeyCreatedOut = Type.Object(
  { ...MEMBERS, key: Type.String({ description: 'The bearer token; shown this once.' }) },
  { title: 'ApiKeyCreatedOut' },
);
export const ApiKeyList = ListResponse(ApiKeyOut, 'ListResponse_ApiKeyOut_');

export function renderApiKey(key: ApiKey): Static<typeof ApiKeyOut> {
  return {
    id: renderId(key.id, 'apiKey'),
    uid: key.uid,
    name: key.name,
    role: key.role,
    scopes: [...key.scopes],
    appId: key.applicationId === null ? null : renderId(key.applicationId, 'application'),
    expiresAt: key.expiresAt === null ? null : renderInstant(key.expiresAt),
    revokedAt: key.revokedAt === null ? null : renderInstant(key.revokedAt),
    createdAt: renderInstant(key.createdAt),
    updatedAt: renderInstant(key.updatedAt),
  };
}

/** Scopes among `wanted` that `held` do not cover: nobody may hand out more than they have. */
export function scopesBeyond(held: readonly string[], wanted: readonly string[]): readonly string[] {
  if (held.includes('*')) return [];
  return wanted.filter((scope) => !held.includes(scope) && !held.includes(`${scope.split(':')[0]}:*`));
}
