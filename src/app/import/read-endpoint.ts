/** Reads all that another server shows of an endpoint: it takes a request for each part. */
import { EndpointHeadersOut } from '../../contract/custom-headers.ts';
import { type EndpointChanges, EndpointIn } from '../../contract/endpoint.ts';
import { onlyMembers } from '../../contract/shape.ts';
import { EndpointTransformationPatch } from '../../contract/transformation.ts';
import { isObject, type JsonObject } from '../../core/catalog/json-pointer.ts';
import { Problem } from '../../core/problem.ts';
import { shapeCheck } from '../../http/check-shape.ts';
import { reasonOf } from './bring-document.ts';
import type { ShownEndpoint, ShownTransformation } from './build-destination.ts';
import { readSecret, type ShownHeaders } from './kept-secrets.ts';
import type { RemoteServer } from './remote-server.ts';
import { metadataOf, namesOf, rateOf, uidOf } from './shown.ts';

type Parts = Pick<
  ShownEndpoint,
  'body' | 'secret' | 'headers' | 'transformation' | 'hasAuth' | 'hasTls' | 'missing'
>;

/** The compatible API does not have them; another Posthorn shows them, and only then they are taken over. */
const OWN_SETTINGS = [
  'retrySchedule',
  'timeoutSeconds',
  'concurrency',
  'ordering',
  'method',
  'http2',
] as const;

const checkEndpoint = shapeCheck(EndpointIn, 'body');
const checkHeaders = shapeCheck(EndpointHeadersOut, 'body');
const checkTransformation = shapeCheck(EndpointTransformationPatch, 'body');

/** `path`: of the endpoint. Throws Problem when it cannot be brought, ImportRefused when the import cannot go on. */
export async function readEndpoint(remote: RemoteServer, path: string, shown: JsonObject): Promise<Parts> {
  const body = bodyOf(shown);
  const secret = await remote.document(`${path}/secret`, { isVital: true });
  if (secret === null) throw new Problem('not_found', 'It was deleted while it was read.');
  const headers = await remote.document(`${path}/headers`);
  const transformation = await readTransformation(remote, path);
  return {
    body,
    secret: readSecret(secret),
    headers: headers === null ? { headers: {}, sensitive: [] } : headersOf(headers),
    hasAuth: isObject(shown.auth),
    hasTls: isObject(shown.tls),
    ...transformation,
  };
}

function bodyOf(shown: JsonObject): EndpointChanges & { readonly url: string } {
  const own = OWN_SETTINGS.filter((name) => shown[name] !== undefined).map((name) => [name, shown[name]]);
  const body = {
    url: shown.url,
    uid: uidOf(shown),
    description: shown.description ?? '',
    disabled: shown.disabled ?? false,
    throttleRate: rateOf(shown),
    eventTypes: namesOf(shown.eventTypes ?? shown.filterTypes),
    channels: namesOf(shown.channels),
    metadata: metadataOf(shown),
    ...Object.fromEntries(own),
  };
  checkEndpoint(body);
  return body as EndpointChanges & { readonly url: string };
}

function headersOf(json: unknown): ShownHeaders {
  checkHeaders(json);
  return json as ShownHeaders;
}

/** Without it an endpoint can still be brought. */
async function readTransformation(
  remote: RemoteServer,
  path: string,
): Promise<Pick<Parts, 'transformation' | 'missing'>> {
  try {
    const json = await remote.document(`${path}/transformation`);
    return { transformation: json === null ? null : transformationOf(json), missing: [] };
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause;
    return { transformation: null, missing: [`its transformation (${reasonOf(cause)})`] };
  }
}

function transformationOf(json: unknown): ShownTransformation {
  checkTransformation(json);
  const { code, enabled, variables } = onlyMembers(EndpointTransformationPatch, json as object);
  const text = code ?? '';
  return { code: text, enabled: text !== '' && enabled === true, variables: variables ?? {} };
}
