/**
 * What is secret about an endpoint, as far as its server shows it. The values that it hides can have been set here by
 * hand since an earlier import: then they are kept.
 */
import type { CustomHeaders } from '../../contract/custom-headers.ts';
import { parseKeyTexts } from '../../contract/endpoint-secret.ts';
import { isObject } from '../../core/catalog/json-pointer.ts';
import type { Destination, SigningKey } from '../../core/catalog/resources.ts';
import { Problem } from '../../core/problem.ts';
import { publicKeyText } from '../../core/signing/standard-webhooks.ts';
import { openHeaders, openKey, seal } from '../../http/operations/endpoint/sealed-parts.ts';
import { currentKeys, type Maker, rotatedKeys } from '../../http/operations/endpoint/signing-keys.ts';

export interface ShownSecret {
  /** `whsec_…` or `whsk_…`; null = none is shown. */
  readonly key: string | null;
  /** `whpk_…` of an Ed25519 key whose private half is not shown. */
  readonly publicKey: string | null;
}

export interface ShownHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Names of those whose values are not shown. */
  readonly sensitive: readonly string[];
}

/** Reads the answer of `…/secret`. Throws Problem when there is no key in it. */
export function readSecret(json: unknown): ShownSecret {
  const { key, publicKey } = isObject(json) ? json : {};
  if (typeof key !== 'string') throw new Problem('validation', 'Its server shows no secret for it.');
  if (key.startsWith('whpk_')) return { key: null, publicKey: key };
  const isWhole = key.startsWith('whsk_') || typeof publicKey !== 'string';
  return { key, publicKey: isWhole ? null : publicKey };
}

export interface KeptSecret {
  /** For a new endpoint; null = nothing is shown, so that a new Ed25519 key has to do. */
  readonly given: string | null;
  /** For one that is here. */
  readonly keys: readonly SigningKey[];
  readonly isWhole: boolean;
}

export function keptSecret(call: Maker, before: Destination | null, shown: ShownSecret): KeptSecret {
  const current = before === null ? [] : currentKeys(before).map((key) => openKey(call, before, key));
  const pair = shown.publicKey === null ? undefined : current.find(({ type }) => type === 'ed25519');
  const isWhole =
    shown.publicKey === null || (pair !== undefined && publicKeyText(pair.text) === shown.publicKey);
  const texts = [shown.key, pair?.text].filter((text) => typeof text === 'string');
  const given = texts.length === 0 ? null : texts.join(' ');
  if (before === null || given === null) return { given, keys: before?.keys ?? [], isWhole };
  const wanted = parseKeyTexts(given, ['secret']).map(({ text }) => text);
  const isSame = wanted.length === current.length && current.every(({ text }) => wanted.includes(text));
  if (isSame) return { given, keys: before.keys, isWhole };
  // Rotated over there: as there, the key that was current goes on signing for a while.
  const request = { given, types: undefined, graceSeconds: undefined, loc: ['secret'] };
  return { given, keys: rotatedKeys(call, before, request), isWhole };
}

export interface KeptHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Names of those whose values are known neither there nor here. */
  readonly missing: readonly string[];
}

export function keptHeaders(call: Maker, before: Destination | null, shown: ShownHeaders): KeptHeaders {
  const hidden = new Set(shown.sensitive.map((name) => name.toLowerCase()));
  const known = before === null ? [] : openHeaders(call, before);
  const kept = known.filter(([name]) => hidden.has(name.toLowerCase()));
  for (const [name] of kept) hidden.delete(name.toLowerCase());
  const missing = shown.sensitive.filter((name) => hidden.has(name.toLowerCase()));
  return { headers: { ...shown.headers, ...Object.fromEntries(kept) }, missing };
}

/** The sealed headers of an endpoint that is here: as they are when they say the same. */
export function resealedHeaders(
  call: Maker,
  before: Destination,
  wanted: CustomHeaders,
): Destination['headers'] {
  const text = (headers: CustomHeaders): string => JSON.stringify(headers.toSorted(byName));
  if (text(openHeaders(call, before)) === text(wanted)) return before.headers;
  return wanted.length === 0 ? null : seal(call, before.id, wanted);
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}
