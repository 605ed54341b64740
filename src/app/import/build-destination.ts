/** An endpoint of another server as the document that it is here. */
import { isDeepStrictEqual } from 'node:util';
import { checkHeaders } from '../../contract/custom-headers.ts';
import type { EndpointChanges } from '../../contract/endpoint.ts';
import type { Destination } from '../../core/catalog/resources.ts';
import type { ApplicationId, DestinationId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { freshDestination, replacedDestination } from '../../http/operations/endpoint/destination-of.ts';
import { openAuth } from '../../http/operations/endpoint/sealed-parts.ts';
import type { Maker } from '../../http/operations/endpoint/signing-keys.ts';
import { withTransformation } from '../../http/operations/transformation/stored-transformation.ts';
import {
  type KeptHeaders,
  type KeptSecret,
  keptHeaders,
  keptSecret,
  resealedHeaders,
  type ShownHeaders,
  type ShownSecret,
} from './kept-secrets.ts';

export interface ShownEndpoint {
  readonly id: DestinationId;
  readonly owner: ApplicationId | null;
  readonly createdAt: number;
  /** Checked, and without what is secret. */
  readonly body: EndpointChanges & { readonly url: string };
  readonly secret: ShownSecret;
  readonly headers: ShownHeaders;
  /** null = its server says nothing about one. */
  readonly transformation: ShownTransformation | null;
  /** It has them, but they are masked. */
  readonly hasAuth: boolean;
  readonly hasTls: boolean;
  /** Parts that could not be read, for people. */
  readonly missing: readonly string[];
}

export interface ShownTransformation {
  readonly code: string;
  readonly enabled: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

export interface BuiltDestination {
  readonly destination: Destination;
  /** What it lacks, for people. */
  readonly missing: readonly string[];
}

const HELD_REASON = 'imported without all of its parts: add what is missing, then enable it';

/**
 * An endpoint that lacks a part comes disabled: its receiver would refuse what it is sent, or could not read it. Once
 * somebody has enabled it, it stays so. Throws Problem when the API would refuse it too.
 */
export function buildDestination(
  call: Maker,
  before: Destination | null,
  shown: ShownEndpoint,
): BuiltDestination {
  if (before?.kind === 'poller')
    throw new Problem('conflict', 'A polling endpoint has its id here: delete that one.');
  const secret = keptSecret(call, before, shown.secret);
  const headers = keptHeaders(call, before, shown.headers);
  const missing = missingParts(before, shown, { secret, headers });
  const isHeld = missing.length > 0 && (before === null || before.disabled);
  const body = { ...shown.body, disabled: shown.body.disabled === true || isHeld };
  const destination =
    before === null
      ? freshOne(call, { ...shown, body }, { secret, headers })
      : changedOne(call, before, { body, secret, headers });
  const isHeldFirst = before === null && isHeld && shown.body.disabled !== true;
  return {
    destination: transformed(
      isHeldFirst ? { ...destination, disabledReason: HELD_REASON } : destination,
      shown.transformation,
      call.clock.now(),
    ),
    missing,
  };
}

interface Kept {
  readonly secret: KeptSecret;
  readonly headers: KeptHeaders;
}

function missingParts(before: Destination | null, shown: ShownEndpoint, { secret, headers }: Kept): string[] {
  const missing = [...shown.missing];
  if (!secret.isWhole) missing.push('the private key of its Ed25519 signatures');
  missing.push(...headers.missing.map((name) => `the value of its header ${name}`));
  if (shown.hasAuth && (before === null || before.auth === null)) missing.push('its credentials (auth)');
  if (shown.hasTls && (before === null || before.tls === null)) missing.push('its client certificate (tls)');
  if (shown.transformation?.enabled === true)
    missing.push('its transformation, which is kept but does not run in this version');
  return missing;
}

function freshOne(call: Maker, shown: ShownEndpoint, { secret, headers }: Kept): Destination {
  const given = { ...shown.body, secret: secret.given, headers: headers.headers };
  const types = secret.given === null ? { signatureTypes: ['ed25519' as const] } : {};
  const made = freshDestination(call, shown.owner, { ...given, ...types }, shown.id);
  return { ...made, createdAt: shown.createdAt };
}

function changedOne(
  call: Maker,
  before: Destination,
  { body, secret, headers }: Kept & Pick<ShownEndpoint, 'body'>,
): Destination {
  const replaced = replacedDestination(call, before, body);
  // Sealing the same login anew would look like a change.
  const isSameLogin = isDeepStrictEqual(openAuth(call, before), openAuth(call, replaced));
  return {
    ...replaced,
    auth: isSameLogin ? before.auth : replaced.auth,
    keys: secret.keys,
    headers: resealedHeaders(call, before, checkHeaders(headers.headers, ['headers'])),
  };
}

function transformed(destination: Destination, shown: ShownTransformation | null, now: number): Destination {
  if (shown === null) return destination;
  const { updatedAt: _at, ...current } = destination.transformation ?? { ...NONE, updatedAt: 0 };
  return isDeepStrictEqual(current, shown) ? destination : withTransformation(destination, shown, now);
}

const NONE: ShownTransformation = { code: '', enabled: false, variables: {} };
