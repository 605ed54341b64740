/** The scheme of signed tokens. */
import { createHash } from 'node:crypto';
import { invalid } from '../problem.ts';
import type { CallView } from './call-view.ts';
import { compileKeySource, type Keys } from './fetched-keys.ts';
import { decodeJws, isHmac, isSignedWith, type Jws, LEEWAY_SECONDS, timeFault } from './jws.ts';
import { type CompiledProof, compileChecks, type ProofContext, REPLAY_ID_BYTES, verified } from './proof.ts';
import type { JwtProof } from './provider.ts';
import { type PublicKey, parsePublicKeys } from './public-keys.ts';
import { lengthOf, refuse } from './refusal.ts';
import { secretKey } from './secret-keys.ts';
import { compileSelector, only, placeOf } from './selector.ts';
import { compileBodyHash } from './signed-proof.ts';
import type { Verification } from './verifier.ts';

export function compileJwt(proof: JwtProof, context: ProofContext): CompiledProof {
  const selectors = [proof.token].flat();
  const takes = selectors.map((selector) => compileSelector(selector, context));
  const prefixes = proof.prefix === undefined ? [''] : [proof.prefix].flat();
  const expected = `${selectors.map(placeOf).join(' or ')}: ${prefixes[0] ? `${JSON.stringify(prefixes[0])} and ` : ''}a token signed with ${proof.algorithms.join(', ')}`;
  const tokenIn = (view: CallView) => only(takes.flatMap((take) => take(view)));
  const configured = configuredKeys(proof, context);
  const source = configured.length === 0 && proof.keys ? compileKeySource(proof.keys, context) : null;
  const finish = compileFinish(proof, context);
  return {
    isIn: (view) => tokenIn(view) !== undefined,
    verify: (view, verifierContext) => {
      const value = tokenIn(view);
      if (value === undefined) return refuse('signature-missing', expected, 'nothing');
      const jws = decodeJws(withoutPrefix(value, prefixes));
      if (jws === null || !proof.algorithms.includes(jws.algorithm))
        return refuse('signature-malformed', expected, jws === null ? lengthOf(value) : jws.algorithm);
      view.claims = jws.claims;
      if (jws.kid !== null) view.made.kid = jws.kid;
      const judge = (keys: Keys): Verification => {
        if ('kind' in keys) return keys;
        const index = keys.findIndex(({ key }) => isSignedWith(jws, key));
        if (index < 0)
          return refuse('signature-mismatch', expected, `${jws.algorithm}, signed with another key`);
        const key = keys[index]?.secret ?? null;
        return finish(view, jws, key, verifierContext.now);
      };
      if (source === null) return judge(ofKid(configured, jws));
      const keys = source(view, verifierContext);
      return keys instanceof Promise ? keys.then(judge) : judge(keys);
    },
  };
}

function withoutPrefix(value: string, prefixes: readonly string[]): string {
  const prefix = prefixes.find((each) => each !== '' && value.startsWith(each));
  if (prefix !== undefined) return value.slice(prefix.length).trim();
  return prefixes.includes('') ? value.trim() : '';
}

/** What looks like a public key is one, and is never an HMAC secret. */
function configuredKeys(proof: JwtProof, { secrets }: ProofContext): readonly PublicKey[] {
  const takesHmac = proof.algorithms.some(isHmac);
  const takesPublic = !proof.algorithms.every(isHmac);
  return secrets.flatMap((secret, index) => {
    const published = takesPublic || /^\s*(?:-----BEGIN|\{)/.test(secret) ? parsePublicKeys(secret) : [];
    if (published.length > 0) {
      if (!takesPublic)
        throw invalid(['secret'], 'Give the shared secret: these tokens are not signed with a public key.');
      return published.map((key) => ({ ...key, secret: index }));
    }
    if (!takesHmac)
      throw invalid(['secret'], 'Give the public key that the provider shows (PEM, JWK or JWKS).');
    return [{ key: secretKey(secret, 'utf8'), kid: null, expiresAt: null, secret: index }];
  });
}

/** Keys of that name; a key without a name may be any. */
function ofKid<Key extends { readonly kid: string | null }>(
  keys: readonly Key[],
  { kid }: Jws,
): readonly Key[] {
  const fitting = keys.filter((key) => kid === null || key.kid === null || key.kid === kid);
  return fitting.length > 0 ? fitting : keys;
}

function compileFinish(
  proof: JwtProof,
  context: ProofContext,
): (view: CallView, jws: Jws, key: number | null, now: number) => Verification {
  const bodyHash = compileBodyHash(proof.bodyHash, context);
  const checks = compileChecks(proof.checks, context);
  const maxAge = proof.maxAgeSeconds === undefined ? null : (context.toleranceSeconds ?? proof.maxAgeSeconds);
  return (view, jws, key, now) => {
    const fault = timeFault(jws.claims, now, maxAge);
    if (fault !== null)
      return refuse(fault, 'a token that is valid now', String(jws.claims.exp ?? jws.claims.iat));
    const wrong = bodyHash?.(view) ?? checks?.(view);
    if (wrong) return wrong;
    if (proof.binds?.(view) === false)
      return refuse('claims-mismatch', 'a token made for this request', 'another one');
    return verified('jwt', key, replayOf(jws, maxAge));
  };
}

/** A token without an end is remembered by nobody: the body it names, if any, is the same then. */
function replayOf({ claims, input }: Jws, maxAge: number | null): { id: string; until: number } | null {
  const ends = [
    typeof claims.exp === 'number' ? claims.exp + LEEWAY_SECONDS : null,
    typeof claims.iat === 'number' && maxAge !== null ? claims.iat + 2 * maxAge : null,
  ].filter((end) => end !== null);
  if (ends.length === 0) return null;
  const id = createHash('sha256').update(input).digest().toString('base64url', 0, REPLAY_ID_BYTES);
  return { id, until: Math.min(...ends) * 1000 };
}
