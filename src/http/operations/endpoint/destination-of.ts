/** What callers write about an endpoint, checked and turned into the stored document. */

import { checkHeaders } from '../../../contract/custom-headers.ts';
import { checkEndpointUrl, type EndpointChanges, withoutAliases } from '../../../contract/endpoint.ts';
import { parseAuth, parseOrdering, parseTls } from '../../../contract/endpoint-settings.ts';
import { checkMetadata } from '../../../contract/metadata.ts';
import { parseRetrySchedule } from '../../../contract/retry-schedule.ts';
import { checkUid } from '../../../contract/uid.ts';
import { isSameOrigin, splitLogin } from '../../../contract/url-login.ts';
import { BLANK_DESTINATION } from '../../../core/catalog/blank-destination.ts';
import type { Destination, DestinationAuth } from '../../../core/catalog/resources.ts';
import { type ApplicationId, type DestinationId, newId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import { checkTls } from './check-tls.ts';
import { openAuth, seal } from './sealed-parts.ts';
import { firstKeys, type Maker } from './signing-keys.ts';

type Plain = Pick<
  Destination,
  | 'url'
  | 'uid'
  | 'description'
  | 'disabled'
  | 'disabledReason'
  | 'throttleRate'
  | 'eventTypes'
  | 'channels'
  | 'metadata'
>;

/** A new endpoint; `ownerId` null = one for operational webhooks. `id`: the one that it has elsewhere already. */
export function freshDestination(
  call: Maker,
  ownerId: ApplicationId | null,
  body: EndpointChanges & { readonly url: string },
  id: DestinationId = newId(call.clock.now(), call.dice.bytes(15)),
): Destination {
  const now = call.clock.now();
  const given = withoutAliases(body);
  const headers = checkHeaders(given.headers ?? {}, ['body', 'headers']);
  const destination: Destination = {
    ...BLANK_DESTINATION,
    id,
    ownerId,
    createdAt: now,
    updatedAt: now,
    keys: firstKeys(call, id, { given: given.secret, types: given.signatureTypes, loc: ['body', 'secret'] }),
    headers: headers.length === 0 ? null : seal(call, id, headers),
  };
  return { ...destination, ...replaced(call, destination, given), ...settings(call, destination, given) };
}

/** PUT: what the body leaves out gets its default, except the uid and settings that the compatible API does not have. */
export function replacedDestination(
  call: Maker,
  before: Destination,
  body: EndpointChanges & { readonly url: string },
): Destination {
  const given = withoutAliases(body);
  const plain = replaced(call, before, given);
  return { ...before, ...plain, ...settings(call, before, given), updatedAt: call.clock.now() };
}

/** PATCH: what the body leaves out stays. */
export function patchedDestination(call: Maker, before: Destination, body: EndpointChanges): Destination {
  const given = withoutAliases(body);
  const kept = {
    url: given.url ?? before.url,
    ...(given.uid === undefined ? {} : { uid: given.uid }),
    description: given.description ?? before.description,
    disabled: given.disabled ?? before.disabled,
    throttleRate: given.throttleRate === undefined ? before.throttleRate : given.throttleRate,
    eventTypes: given.eventTypes === undefined ? listOf(before.eventTypes) : given.eventTypes,
    channels: given.channels === undefined ? listOf(before.channels) : given.channels,
    metadata: given.metadata ?? before.metadata,
  };
  const plain = replaced(call, before, kept);
  return { ...before, ...plain, ...settings(call, before, given), updatedAt: call.clock.now() };
}

/** The members of the compatible API. */
function replaced(call: Maker, before: Destination, given: EndpointChanges): Plain {
  const disabled = given.disabled ?? false;
  const url = given.url ?? before.url;
  const { endpointHttpsOnly: httpsOnly } = call.settings;
  return {
    // A URL that is not changed is not checked again: rules may have become stricter since.
    url: url === before.url ? url : splitLogin(checkEndpointUrl(url, { httpsOnly })).url,
    uid: given.uid === undefined ? before.uid : checkUid(given.uid, 'endpoint'),
    description: given.description ?? '',
    disabled,
    disabledReason: disabled ? (before.disabledReason ?? 'by hand') : null,
    throttleRate: given.throttleRate ?? null,
    eventTypes: given.eventTypes ?? null,
    channels: given.channels ?? null,
    metadata: checkMetadata(given.metadata),
  };
}

/** The members beyond it: absent keeps, null resets. */
function settings(call: Maker, before: Destination, given: EndpointChanges): Partial<Destination> {
  const { retrySchedule, timeoutSeconds, concurrency, ordering, method, tls, http2 } = given;
  const auth = authOf(call, before, given);
  const changed: { -readonly [Member in keyof Destination]?: Destination[Member] } = {};
  if (retrySchedule !== undefined) {
    changed.retryScheduleMs =
      retrySchedule === null ? null : parseRetrySchedule(retrySchedule, ['body', 'retrySchedule']);
  }
  if (timeoutSeconds !== undefined)
    changed.timeoutMs = timeoutSeconds === null ? null : timeoutSeconds * 1000;
  if (concurrency !== undefined) changed.concurrency = concurrency;
  if (ordering !== undefined) changed.ordering = parseOrdering(ordering);
  if (method !== undefined) changed.method = method;
  if (auth !== undefined) changed.auth = auth === null ? null : seal(call, before.id, auth);
  if (tls !== undefined) {
    const parsed = tls === null ? null : parseTls(tls);
    changed.tls = parsed === null ? null : seal(call, before.id, checkTls(parsed));
  }
  if (http2 !== undefined) changed.allowHttp2 = http2;
  return changed;
}

/** What was given, or the login of the URL; undefined = as it was. */
function authOf(
  call: Maker,
  before: Destination,
  given: EndpointChanges,
): DestinationAuth | null | undefined {
  if (given.url === undefined) return given.auth == null ? given.auth : parseAuth(given.auth);
  const { url, login } = splitLogin(given.url);
  if (given.auth != null) {
    if (login === null) return parseAuth(given.auth);
    throw invalid(['body', 'auth'], 'Give user and password either in the URL or as `auth`.');
  }
  if (login !== null) return { type: 'basic', ...login, fromUrl: true };
  if (given.auth === null) return null;
  const known = openAuth(call, before);
  const isLeftBehind = known?.type === 'basic' && known.fromUrl === true && !isSameOrigin(before.url, url);
  return isLeftBehind ? null : undefined;
}

function listOf(names: readonly string[] | null): string[] | null {
  return names === null ? null : [...names];
}
