/** A third party that manages one application's endpoints with a key of its own. */
import Type, { type Static } from 'typebox';
import type { Integration } from '../core/catalog/resources.ts';
import { renderId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { ListResponse } from './page.ts';
import { Instant, renderInstant } from './shape.ts';
import { FeatureFlag } from './uid.ts';

const Name = Type.String({ minLength: 1, maxLength: 256 });
const FeatureFlags = Type.Array(FeatureFlag, {
  maxItems: 100,
  description: 'Hidden event types that its key may see.',
});

export const IntegrationIn = Type.Object(
  { name: Name, featureFlags: Type.Optional(FeatureFlags) },
  { title: 'IntegrationIn' },
);

export const IntegrationOut = Type.Object(
  {
    id: IdOut('integration'),
    name: Name,
    featureFlags: FeatureFlags,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'IntegrationOut' },
);

export const IntegrationListOut = ListResponse(IntegrationOut, 'ListResponseIntegrationOut');

export const IntegrationKeyOut = Type.Object(
  { key: Type.String({ description: 'A bearer token confined to the application. Keep it secret.' }) },
  { title: 'IntegrationKeyOut' },
);

export function renderIntegration(integration: Integration): Static<typeof IntegrationOut> {
  return {
    id: renderId(integration.id, 'integration'),
    name: integration.name,
    featureFlags: [...integration.featureFlags],
    createdAt: renderInstant(integration.createdAt),
    updatedAt: renderInstant(integration.updatedAt),
  };
}
