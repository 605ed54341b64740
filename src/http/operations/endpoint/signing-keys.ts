/** Makes and rotates the signing keys of an endpoint. */
import {
  GRACE_SECONDS_DEFAULT,
  type KeyText,
  OLD_KEYS_MAX,
  parseKeyTexts,
} from '../../../contract/endpoint-secret.ts';
import type { Destination, SigningKey } from '../../../core/catalog/resources.ts';
import { Problem } from '../../../core/problem.ts';
import {
  NEW_KEY_BYTES,
  newSigningKeyText,
  type SigningKeyType,
} from '../../../core/signing/standard-webhooks.ts';
import type { Call } from '../../define-operation.ts';
import type { HttpSettings } from '../../http-settings.ts';
import { type Keeper, openKey, seal } from './sealed-parts.ts';

/** What it takes to make keys and destinations. */
export type Maker = Keeper &
  Pick<Call, 'clock' | 'dice'> & {
    readonly settings: Pick<HttpSettings, 'defaultSignatureType' | 'endpointHttpsOnly'>;
  };

export interface KeyRequest {
  /** One key or one of each type; null = make them. */
  readonly given: string | null | undefined;
  /** Which to make when none is given. */
  readonly types: readonly SigningKeyType[] | undefined;
  /** Where the caller wrote the key. */
  readonly loc: readonly string[];
}

/** The first keys of a new endpoint. */
export function firstKeys(call: Maker, destinationId: string, request: KeyRequest): readonly SigningKey[] {
  const types = request.types ?? [call.settings.defaultSignatureType];
  return wantedTexts(call, { ...request, types }).map((key) => newKey(call, destinationId, key));
}

/**
 * Puts new keys in the place of all current ones, which go on signing for the grace period. A wanted key that is
 * there already, current or old, is kept as it is and becomes (or stays) current.
 */
export function rotatedKeys(
  call: Maker,
  destination: Destination,
  request: KeyRequest & { readonly graceSeconds: number | null | undefined },
): readonly SigningKey[] {
  const now = call.clock.now();
  const known = destination.keys
    .filter((key) => key.expiresAt === null || key.expiresAt > now)
    .map((key) => ({ key, text: openKey(call, destination, key).text }));
  const types = request.types ?? currentKeys(destination).map(({ type }) => type);
  const wanted = wantedTexts(call, { ...request, types });
  const current = wanted.map((key) => {
    const same = known.find(({ text }) => text === key.text);
    return same === undefined ? newKey(call, destination.id, key) : { ...same.key, expiresAt: null };
  });
  const expiresAt = now + (request.graceSeconds ?? GRACE_SECONDS_DEFAULT) * 1000;
  const old = known
    .filter(({ text }) => !wanted.some((key) => key.text === text))
    .map(({ key }) => ({ ...key, expiresAt: key.expiresAt ?? expiresAt }))
    .filter((key) => key.expiresAt > now);
  if (old.length > OLD_KEYS_MAX) {
    throw new Problem(
      'limit_reached',
      `${OLD_KEYS_MAX} old keys still sign for this endpoint: wait until one expires, or rotate with gracePeriodSeconds 0.`,
    );
  }
  return [...current, ...old];
}

export function currentKeys(destination: Destination): readonly SigningKey[] {
  return destination.keys.filter((key) => key.expiresAt === null);
}

function wantedTexts(
  call: Maker,
  request: Omit<KeyRequest, 'types'> & { readonly types: readonly SigningKeyType[] },
): readonly KeyText[] {
  if (request.given !== null && request.given !== undefined) return parseKeyTexts(request.given, request.loc);
  return request.types.map((type) => ({
    type,
    text: newSigningKeyText(type, call.dice.bytes(NEW_KEY_BYTES[type])),
  }));
}

function newKey(call: Maker, destinationId: string, key: KeyText): SigningKey {
  return {
    type: key.type,
    secret: seal(call, destinationId, key.text),
    createdAt: call.clock.now(),
    expiresAt: null,
  };
}
