/** The schemes that sign something of the call: hmac, hash, pubkey. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { CallView } from './call-view.ts';
import {
  type CompiledProof,
  compileChecks,
  isRefused,
  type ProofContext,
  REPLAY_ID_BYTES,
  verified,
} from './proof.ts';
import type { Digest, HashProof, HmacProof, PubkeyProof } from './provider.ts';
import { compilePublicKeys } from './public-key-match.ts';
import { beginningOf, type Refused, refuse } from './refusal.ts';
import { secretKey } from './secret-keys.ts';
import { type CompileContext, compileSelector, only } from './selector.ts';
import { compileSignatures } from './signature-reader.ts';
import { compileTemplate, type Piece, type Render } from './template.ts';
import { compileTimestamp, type ReadTimestamp } from './timestamp.ts';
import type { Verification, VerifierContext } from './verifier.ts';

type SignedProof = HmacProof | HashProof | PubkeyProof;

/** Which key made one of the signatures, and what tells this call from others. */
export interface Matched {
  readonly key: number | null;
  readonly id: string;
}

/** null = none fits. */
export type Match = (
  view: CallView,
  contents: readonly Render[],
  signatures: readonly Buffer[],
  context: VerifierContext,
) => Matched | null | Refused | Promise<Matched | null | Refused>;

const DIGEST_BYTES: Readonly<Record<Digest, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

export function compileSigned(proof: SignedProof, outer: ProofContext): CompiledProof {
  const context: ProofContext = { ...outer, list: proof.list };
  const bytes =
    proof.scheme !== 'pubkey' ? DIGEST_BYTES[proof.algorithm] : proof.algorithm === 'ed25519' ? 64 : null;
  const signatures = compileSignatures({ ...proof, bytes }, context);
  const timestamp = proof.timestamp && compileTimestamp(proof.timestamp, context.toleranceSeconds, context);
  const contents = compileContents(proof, context);
  const match = matchOf(proof, context);
  const finish = compileFinish(proof, context);
  const takeId = proof.id === undefined ? null : compileSelector(proof.id, context);
  return {
    isIn: (view) => signatures.raw(view).length > 0,
    verify: (view, verifierContext) => {
      const given = signatures.read(view);
      if (isRefused(given)) return given;
      const time = timestamp?.(view, verifierContext.now);
      if (time !== undefined && isRefused(time)) return time;
      const id = takeId === null ? undefined : only(takeId(view));
      if (id !== undefined) view.made.id = id;
      const matched = match(view, contents, given, verifierContext);
      const settle = (result: Matched | null | Refused): Verification => {
        if (result === null) return mismatch(signatures.expected, signatures.raw(view));
        return 'kind' in result ? result : finish(view, result, time);
      };
      return matched instanceof Promise ? matched.then(settle) : settle(matched);
    },
  };
}

function mismatch(expected: string, values: readonly string[]): Refused {
  return refuse(
    'signature-mismatch',
    `${expected}, made with the secret over the bytes as they came`,
    beginningOf(values[0]),
  );
}

function compileContents(proof: SignedProof, context: CompileContext): readonly Render[] {
  if (typeof proof.signed === 'function') return [proof.signed];
  return [proof.signed].flat().map((template) => compileTemplate(template, context));
}

function matchOf(proof: SignedProof, context: ProofContext): Match {
  if (proof.scheme === 'hmac') return matchHmac(proof, context);
  return proof.scheme === 'hash' ? matchHash(proof, context) : compilePublicKeys(proof, context);
}

function matchHmac({ algorithm, key = 'utf8' }: HmacProof, { secrets }: ProofContext): Match {
  const keys = secrets.map((secret) => secretKey(secret, key));
  return (view, contents, signatures) => {
    for (const content of contents) {
      const pieces = content(view);
      if (pieces === null) continue;
      let first: Buffer | undefined;
      for (let index = 0; index < keys.length; index++) {
        const mac = createHmac(algorithm, keys[index]!);
        for (const piece of pieces) mac.update(piece);
        const digest = mac.digest();
        first ??= digest;
        if (hasEqual(signatures, digest)) return { key: index, id: idOf(first) };
      }
    }
    return null;
  };
}

function matchHash({ algorithm }: HashProof, { secrets }: ProofContext): Match {
  return (view, contents, signatures) => {
    for (const content of contents) {
      for (const [index, secret] of secrets.entries()) {
        view.made.secret = secret;
        const pieces = content(view);
        if (pieces === null) continue;
        const digest = digestOf(algorithm, pieces);
        if (hasEqual(signatures, digest)) return { key: index, id: idOf(digest) };
      }
    }
    return null;
  };
}

export function digestOf(algorithm: Digest, pieces: readonly Piece[]): Buffer {
  const hash = createHash(algorithm);
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** All have the digest's length: the reader saw to it. */
function hasEqual(signatures: readonly Buffer[], digest: Buffer): boolean {
  for (const signature of signatures) if (timingSafeEqual(signature, digest)) return true;
  return false;
}

export function idOf(digest: Buffer): string {
  return digest.toString('base64url', 0, REPLAY_ID_BYTES);
}

type Time = Exclude<ReturnType<ReadTimestamp>, Refused> | undefined;

/** What is checked when the signature is right, and what is remembered. */
function compileFinish(
  proof: SignedProof,
  context: ProofContext,
): (view: CallView, matched: Matched, time: Time) => Verification {
  const bodyHash = compileBodyHash(proof.bodyHash, context);
  const checks = compileChecks(proof.checks, context);
  const replay = proof.replay === undefined ? null : compileSelector(proof.replay, context);
  return (view, { key, id }, time) => {
    const wrong = bodyHash?.(view) ?? checks?.(view);
    if (wrong) return wrong;
    if (time === undefined) return verified(proof.scheme, key, null);
    const name = replay === null ? id : (only(replay(view)) ?? id);
    return verified(proof.scheme, key, { id: name, until: time.at + 2 * time.toleranceMs });
  };
}

/** null = the body is the one that the hash is of. */
export function compileBodyHash(
  rule: HmacProof['bodyHash'],
  context: CompileContext,
): ((view: CallView) => Refused | null) | null {
  if (rule === undefined) return null;
  const take = compileSelector(rule.from, context);
  return (view) => {
    const digest = digestOf(rule.algorithm, [view.call.body]);
    const given = only(take(view));
    const bytes = given === undefined ? null : Buffer.from(given, rule.encoding === 'hex' ? 'hex' : 'base64');
    if (bytes !== null && bytes.length === digest.length && timingSafeEqual(bytes, digest)) return null;
    return refuse(
      'body-hash-mismatch',
      `the ${rule.algorithm} of the body in ${rule.encoding}`,
      beginningOf(given),
    );
  };
}
