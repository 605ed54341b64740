/** Access for an application's own people: portal links, logout, and the end of all its tokens. */
import Type, { type Static } from 'typebox';
import { type ApplicationId, renderId } from '../core/ids.ts';
import { ApplicationIn } from './application.ts';
import { FEATURE_FLAGS_MAX } from './event-type.ts';
import { Nullable } from './shape.ts';
import { FeatureFlag } from './uid.ts';

/** What a portal link may be limited to, and the scopes that it then has. */
const SCOPES_BY_CAPABILITY = {
  ViewBase: [
    'application:read',
    'endpoint:read',
    'message:read',
    'attempt:read',
    'event-type:read',
    'integration:read',
    'background-task:read',
  ],
  ViewEndpointSecret: ['endpoint-secret:read'],
  ManageEndpointSecret: ['endpoint-secret:write'],
  ManageTransformations: ['transformation:read', 'transformation:write'],
  CreateAttempts: ['attempt:write'],
  ManageEndpoint: ['endpoint:write'],
} as const;
type Capability = keyof typeof SCOPES_BY_CAPABILITY;

/** Seconds: an hour, and 28 days. */
const LIFETIME_MIN = 3600;
const LIFETIME_MAX = 28 * 86_400;

const SessionId = Type.String({ minLength: 1, maxLength: 256 });
const CapabilityIn = Type.Union([
  Type.Literal('ViewBase'),
  Type.Literal('ViewEndpointSecret'),
  Type.Literal('ManageEndpointSecret'),
  Type.Literal('ManageTransformations'),
  Type.Literal('CreateAttempts'),
  Type.Literal('ManageEndpoint'),
]);

export const AppPortalAccessIn = Type.Object(
  {
    application: Type.Optional(Nullable(ApplicationIn)),
    featureFlags: Type.Optional(Type.Array(FeatureFlag, { maxItems: FEATURE_FLAGS_MAX })),
    readOnly: Type.Optional(Nullable(Type.Boolean())),
    capabilities: Type.Optional(Nullable(Type.Array(CapabilityIn, { maxItems: 20 }))),
    expiry: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: LIFETIME_MIN,
          maximum: LIFETIME_MAX,
          description: 'Seconds until the token expires: an hour to 28 days, 28 days unless said.',
        }),
      ),
    ),
    sessionId: Type.Optional(Nullable(SessionId)),
  },
  { title: 'AppPortalAccessIn' },
);
type AppPortalAccessIn = Static<typeof AppPortalAccessIn>;

export const AppPortalAccessOut = Type.Object(
  { url: Type.String({ format: 'uri' }), token: Type.String() },
  { title: 'AppPortalAccessOut' },
);

export const ApplicationTokenExpireIn = Type.Object(
  {
    expiry: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: 0,
          maximum: 7 * 86_400,
          description: 'Seconds that the tokens still work, at most 7 days; at once unless said.',
        }),
      ),
    ),
    sessionIds: Type.Optional(
      Type.Array(SessionId, { maxItems: 100, description: 'Only tokens of these sessions, and at once.' }),
    ),
  },
  { title: 'ApplicationTokenExpireIn' },
);

/** What the token of a portal link is to carry. */
export interface PortalGrant {
  readonly featureFlags: readonly string[];
  readonly role: 'editor' | 'viewer';
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
  readonly sessionId: string | null;
}

export function readPortalGrant(input: AppPortalAccessIn): PortalGrant {
  return {
    featureFlags: input.featureFlags ?? [],
    role: input.readOnly === true ? 'viewer' : 'editor',
    scopes: scopesOf(input.capabilities),
    lifetimeSeconds: input.expiry ?? LIFETIME_MAX,
    sessionId: input.sessionId ?? null,
  };
}

function scopesOf(capabilities: readonly Capability[] | null | undefined): readonly string[] {
  if (capabilities === null || capabilities === undefined) return ['*'];
  return [...new Set(capabilities.flatMap((capability) => SCOPES_BY_CAPABILITY[capability]))];
}

/** The key stands behind `#`, so that it reaches no server and no log. */
export function portalUrl(
  publicUrl: string,
  access: { applicationId: ApplicationId; token: string },
): string {
  const key = { appId: renderId(access.applicationId, 'application'), token: access.token };
  return `${publicUrl}/portal#key=${Buffer.from(JSON.stringify(key)).toString('base64url')}`;
}
