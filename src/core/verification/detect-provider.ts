/** Guesses who sent a call: from headers and the form of their values, the user agent, and members of the body. */
import { atPath, CallView } from './call-view.ts';
import { decodeJws } from './jws.ts';
import { isRefused } from './proof.ts';
import type { Hints, Proof, Provider } from './provider.ts';
import { type CompileContext, compileSelector, only } from './selector.ts';
import { compileSignatures } from './signature-reader.ts';
import type { ReceivedCall } from './verifier.ts';

export interface Guess {
  readonly id: string;
  readonly name: string;
  /** What spoke for it, the strongest first. */
  readonly why: string;
}

/** A sign that a call is of one provider, and how strongly it speaks. */
interface Sign {
  readonly weight: number;
  readonly why: string;
}

type LookFor = (view: CallView) => Sign | null;

const GUESSES_MAX = 8;
/** Below this a guess is none. */
const WEIGHT_MIN = 5;
/** Bodies are looked into up to this size. */
const BODY_MAX = 262_144;
const WEIGHTS = {
  userAgent: 20,
  signature: 20,
  ownHeader: 15,
  member: 12,
  usedHeader: 8,
  common: 2,
} as const;
/** Everybody uses them, so that being there says little. */
const COMMON = new Set([
  'authorization',
  'content-type',
  'user-agent',
  'host',
  'x-request-id',
  'x-webhook-token',
]);

/** Compiled once; the guesses are the likeliest first. Proves nothing. */
export function compileDetector(providers: Iterable<Provider>): (call: ReceivedCall) => readonly Guess[] {
  const compiled = [...providers].map((provider) => ({ provider, signs: signsOf(provider) }));
  return (call) => {
    const view = new CallView(call.body.length > BODY_MAX ? { ...call, body: new Uint8Array() } : call);
    return compiled
      .map(({ provider, signs }) => ({ provider, found: signs.flatMap((look) => look(view) ?? []) }))
      .map(({ provider, found }) => ({ provider, found, weight: weightOf(provider, found) }))
      .filter(({ weight }) => weight >= WEIGHT_MIN)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, GUESSES_MAX)
      .map(({ provider: { id, name }, found }) => ({ id, name, why: reasons(found) }));
  };
}

function weightOf({ hints }: Provider, found: readonly Sign[]): number {
  const weight = found.reduce((sum, sign) => sum + sign.weight, 0);
  return weight === 0 || hints.isGeneric !== true ? weight : weight + 1;
}

function reasons(found: readonly Sign[]): string {
  return found
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ why }) => why)
    .join(', ');
}

function signsOf(provider: Provider): readonly LookFor[] {
  const config = Object.fromEntries(
    provider.config.flatMap(({ name, default: value }) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
  const context: CompileContext = { config };
  const { proof, alternatives } = provider;
  return [
    strongest([
      signOfProof(proof, context),
      ...alternatives.map((each) => weakened(signOfProof(each, context))),
    ]),
    ...('bodyHash' in proof && proof.bodyHash !== undefined
      ? [signOfHash(proof.bodyHash.from, context)]
      : []),
    ...usedHeaders(provider, config).map((name) => signOfHeader(name, null, WEIGHTS.usedHeader)),
    ...Object.entries(provider.hints.headers ?? {}).map(([name, value]) =>
      signOfHeader(name, value, WEIGHTS.ownHeader),
    ),
    ...signsOfHints(provider.hints),
  ];
}

/** One proof is enough; a wrong form of one is no reason against the others. */
function strongest(signs: readonly LookFor[]): LookFor {
  return (view) => {
    const found = signs.flatMap((look) => look(view) ?? []).sort((a, b) => b.weight - a.weight);
    return found[0] ?? null;
  };
}

/** Most who could send it send the other one. */
function weakened(look: LookFor): LookFor {
  return (view) => {
    const sign = look(view);
    return sign === null ? null : { ...sign, weight: Math.min(sign.weight, WEIGHTS.usedHeader) };
  };
}

function signOfHash(selector: string, context: CompileContext): LookFor {
  const take = compileSelector(selector, context);
  return (view) =>
    take(view).length === 0 ? null : { weight: WEIGHTS.usedHeader, why: 'a hash of the body' };
}

function signOfProof(proof: Proof, context: CompileContext): LookFor {
  switch (proof.scheme) {
    case 'hmac':
    case 'hash':
    case 'pubkey': {
      const digests = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64, ed25519: 64 };
      const bytes = (digests as Record<string, number>)[proof.algorithm] ?? null;
      const reader = compileSignatures({ ...proof, bytes }, { ...context, list: proof.list });
      const where = placeOnly(reader.expected);
      return (view) => {
        if (reader.raw(view).length === 0) return null;
        const isOfForm = !isRefused(reader.read(view));
        // There, but another one's: of several that use the header, this is not the sender.
        if (!isOfForm) return { weight: -WEIGHTS.signature, why: '' };
        return {
          weight: isCommon(where) ? WEIGHTS.usedHeader : WEIGHTS.signature,
          why: `a signature of its form in ${where}`,
        };
      };
    }
    case 'token':
      return signOfToken([proof.token].flat(), context, (value) => value.startsWith(proof.prefix ?? ''));
    case 'jwt': {
      const isToken = (value: string) => {
        const jws = decodeJws(value.split(' ').at(-1) ?? '');
        return jws !== null && proof.algorithms.includes(jws.algorithm);
      };
      return signOfToken([proof.token].flat(), context, isToken);
    }
    case 'basic':
      return (view) =>
        /^basic /i.test(only(view.header('authorization')) ?? '')
          ? { weight: WEIGHTS.common, why: 'basic credentials' }
          : null;
    default:
      return () => null;
  }
}

function signOfToken(
  selectors: readonly string[],
  context: CompileContext,
  isOfForm: (value: string) => boolean,
): LookFor {
  const takes = selectors.map((selector) => ({ selector, take: compileSelector(selector, context) }));
  return (view) => {
    for (const { selector, take } of takes) {
      const value = only(take(view));
      if (value === undefined || !isOfForm(value)) continue;
      const [, kind = '', name = ''] = /^(\w+):?@?([\w-]*)/.exec(selector) ?? [];
      const own = kind === 'body' || (kind === 'header' && !isCommon(name) && name !== 'header');
      return { weight: own ? WEIGHTS.signature : WEIGHTS.common, why: `a token in ${kind} ${name}`.trim() };
    }
    return null;
  };
}

function isCommon(place: string): boolean {
  return COMMON.has(place.replace(/^header /, '').toLowerCase());
}

function placeOnly(expected: string): string {
  return expected.slice(0, expected.indexOf(':'));
}

/** Headers that name the event or are signed along with it. */
function usedHeaders(
  { eventType, deliveryId, proof }: Provider,
  config: Readonly<Record<string, string>>,
): readonly string[] {
  const texts = [...eventType, ...deliveryId];
  if ('timestamp' in proof && proof.timestamp !== undefined) texts.push(`{${proof.timestamp.from}}`);
  if ('id' in proof && proof.id !== undefined) texts.push(`{${proof.id}}`);
  const names = texts.flatMap((text) =>
    [...text.matchAll(/header:(@?)([\w-]+)/g)].map(
      ([, at, name]) => (at === '' ? name : config[name!]) ?? '',
    ),
  );
  return [...new Set(names.map((name) => name.toLowerCase()))].filter(
    (name) => name !== '' && !COMMON.has(name),
  );
}

function signOfHeader(name: string, beginning: string | null, weight: number): LookFor {
  return (view) => {
    const values = view.header(name.toLowerCase());
    if (values.length === 0) return null;
    if (beginning !== null && !values.some((value) => value.startsWith(beginning))) return null;
    return { weight, why: `header ${name}` };
  };
}

function signsOfHints({ userAgent, members = [] }: Hints): readonly LookFor[] {
  const signs: LookFor[] = members.map((member) => {
    const [path = '', wanted] = member.split('=');
    return (view) => {
      const value = atPath(view.json, path, 0) ?? view.form.find(([name]) => name === path)?.[1];
      if (value === undefined || (wanted !== undefined && value !== wanted)) return null;
      return { weight: WEIGHTS.member, why: `member ${member}` };
    };
  });
  if (userAgent === undefined) return signs;
  const begins = userAgent.toLowerCase();
  return [
    ...signs,
    (view) =>
      (only(view.header('user-agent')) ?? '').toLowerCase().startsWith(begins)
        ? { weight: WEIGHTS.userAgent, why: `user agent ${userAgent}` }
        : null,
  ];
}
