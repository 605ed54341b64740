/** Destinations that flows deliver to: endpoints of the organization, and what is sent to them. */
import Type, { type Static } from 'typebox';
import type {
  ClientTls,
  Destination,
  DestinationAuth,
  DestinationRequest,
} from '../core/catalog/resources.ts';
import { renderId } from '../core/ids.ts';
import { ENDPOINT_OUT, EndpointIn, EndpointPatch, renderEndpoint } from './endpoint.ts';
import { IdOut } from './ids.ts';
import { ListResponse } from './page.ts';
import { Nullable, STRICT } from './shape.ts';

const TEMPLATE_CHARS_MAX = 65_536;
const Template = Type.String({ maxLength: TEMPLATE_CHARS_MAX });

export const RequestShape = Type.Union(
  [
    Type.Object({ kind: Type.Literal('message') }, STRICT),
    Type.Object(
      {
        kind: Type.Literal('forward'),
        appendPath: Type.Optional(Type.Boolean()),
        appendQuery: Type.Optional(Type.Boolean()),
        signed: Type.Optional(Type.Boolean()),
      },
      STRICT,
    ),
    Type.Object(
      {
        kind: Type.Literal('call'),
        method: Type.Optional(Type.String({ pattern: '^(GET|POST|PUT|PATCH|DELETE)$' })),
        url: Type.Optional(Nullable(Template)),
        headers: Type.Optional(Type.Record(Type.String({ maxLength: 256 }), Template, { maxProperties: 50 })),
        contentType: Type.Optional(Type.String({ maxLength: 256 })),
        body: Type.Optional(Nullable(Template)),
        signed: Type.Optional(Type.Boolean()),
      },
      STRICT,
    ),
  ],
  {
    description:
      'What is sent: `forward` (the default) as it came, with method, headers and bytes; `message`: the bytes as a signed message; `call`: a request of your own with `{{ CEL }}` in URL, headers and body.',
  },
);

export const DestinationIn = Type.Object(
  { ...EndpointIn.properties, request: Type.Optional(RequestShape) },
  { title: 'DestinationIn', ...STRICT },
);
export const DestinationPatch = Type.Object(
  { ...EndpointPatch.properties, request: Type.Optional(RequestShape) },
  { title: 'DestinationPatch', ...STRICT },
);
export const DestinationOut = Type.Object(
  { ...ENDPOINT_OUT, id: IdOut('destination'), request: Type.Unknown() },
  { title: 'DestinationOut' },
);
export const DestinationList = ListResponse(DestinationOut, 'ListResponse_DestinationOut_');

/** undefined = as before. */
export function parseRequest(
  given: Static<typeof RequestShape> | undefined,
  before: DestinationRequest | null,
): DestinationRequest | null {
  if (given === undefined) return before;
  if (given.kind === 'message') return null;
  if (given.kind === 'forward')
    return {
      kind: 'forward',
      appendPath: given.appendPath ?? true,
      appendQuery: given.appendQuery ?? true,
      signed: given.signed ?? false,
    };
  return {
    kind: 'call',
    method: given.method ?? 'POST',
    url: given.url ?? null,
    headers: Object.entries(given.headers ?? {}),
    contentType: given.contentType ?? (given.body == null ? '' : 'application/json'),
    body: given.body ?? null,
    signed: given.signed ?? false,
  };
}

export function renderDestination(
  destination: Destination,
  opened: { readonly auth: DestinationAuth | null; readonly tls: ClientTls | null },
): Static<typeof DestinationOut> {
  const { request } = destination;
  return {
    ...renderEndpoint(destination, opened),
    id: renderId(destination.id, 'destination'),
    request:
      request == null
        ? { kind: 'message' }
        : request.kind === 'call'
          ? { ...request, headers: Object.fromEntries(request.headers) }
          : request,
  };
}
