/** What of an endpoint is kept sealed: opened to be shown or changed, sealed again with its row as additional data. */
import type { CustomHeaders } from '../../../contract/custom-headers.ts';
import { renderEndpoint } from '../../../contract/endpoint.ts';
import type { KeyText } from '../../../contract/endpoint-secret.ts';
import type {
  ClientTls,
  Destination,
  DestinationAuth,
  Sealed,
  SigningKey,
} from '../../../core/catalog/resources.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { Call } from '../../define-operation.ts';

/** All that is needed to seal and open; an importer has no whole engine. */
export type Keeper = Pick<Call, 'organization'> & { readonly engine: Pick<Engine, 'vault'> };

/** Seals a text, or the JSON of a value, for a destination's row. */
export function seal(call: Keeper, destinationId: string, value: string | object): Sealed {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return call.engine.vault.seal(call.organization, destinationId, text);
}

export function openHeaders(call: Keeper, destination: Destination): CustomHeaders {
  return openJson<CustomHeaders>(call, destination.id, destination.headers) ?? [];
}

export function openKey(call: Keeper, destination: Destination, key: SigningKey): KeyText {
  return { type: key.type, text: call.engine.vault.open(call.organization, destination.id, key.secret) };
}

export function openAuth(call: Keeper, destination: Destination): DestinationAuth | null {
  return openJson<DestinationAuth>(call, destination.id, destination.auth);
}

export function openTls(call: Keeper, destination: Destination): ClientTls | null {
  return openJson<ClientTls>(call, destination.id, destination.tls);
}

/** An endpoint as it is answered: credentials with their type and names only. */
export function endpointOut(call: Keeper, destination: Destination) {
  return renderEndpoint(destination, {
    auth: openAuth(call, destination),
    tls: openTls(call, destination),
  });
}

function openJson<Value>(call: Keeper, destinationId: string, sealed: Sealed | null): Value | null {
  if (sealed === null) return null;
  return JSON.parse(call.engine.vault.open(call.organization, destinationId, sealed)) as Value;
}
