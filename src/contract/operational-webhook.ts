/** Endpoints of the organization itself, for operational events: what happens to its applications' endpoints. */
import Type, { type Static } from 'typebox';
import { OPERATIONAL_EVENT_TYPES } from '../core/operational-events.ts';
import { EndpointHeadersIn, EndpointHeadersOut } from './custom-headers.ts';
import { EndpointIn, EndpointOut, EndpointUpdate } from './endpoint.ts';
import { EndpointSecretOut, EndpointSecretRotateIn } from './endpoint-secret.ts';
import { ListResponse } from './page.ts';
import { Nullable } from './shape.ts';

const EVENT_TYPES = {
  eventTypes: Type.Optional(
    Nullable(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
        description: `Leave out for all: ${OPERATIONAL_EVENT_TYPES.join(', ')}.`,
      }),
    ),
  ),
};

const { channels: _in, filterTypes: _older, eventTypes: _types, ...whole } = EndpointIn.properties;
export const OperationalEndpointIn = Type.Object(
  { ...whole, ...EVENT_TYPES },
  { title: 'OperationalWebhookEndpointIn' },
);

const { channels: _update, filterTypes: _old, eventTypes: _filter, ...update } = EndpointUpdate.properties;
export const OperationalEndpointUpsertIn = Type.Object(
  { ...update, ...EVENT_TYPES },
  { title: 'OperationalWebhookEndpointUpsertIn' },
);

const { channels: _out, ...out } = EndpointOut.properties;
export const OperationalEndpointOut = Type.Object(out, { title: 'OperationalWebhookEndpointOut' });
export const OperationalEndpointListOut = ListResponse(
  OperationalEndpointOut,
  'ListResponseOperationalWebhookEndpointOut',
);

export const OperationalHeadersIn = Type.Object(EndpointHeadersIn.properties, {
  title: 'OperationalWebhookEndpointHeadersIn',
});
export const OperationalHeadersOut = Type.Object(EndpointHeadersOut.properties, {
  title: 'OperationalWebhookEndpointHeadersOut',
});
export const OperationalSecretIn = Type.Object(EndpointSecretRotateIn.properties, {
  title: 'OperationalWebhookEndpointSecretIn',
});
export const OperationalSecretOut = Type.Object(EndpointSecretOut.properties, {
  title: 'OperationalWebhookEndpointSecretOut',
});

/** Operational events have no channels, so their endpoints do not either. */
export function withoutChannels(endpoint: Static<typeof EndpointOut>): Static<typeof OperationalEndpointOut> {
  const { channels: _channels, ...rest } = endpoint;
  return rest;
}
