/** Finds the public key that made a signature. */
import { createHash, type KeyObject, verify } from 'node:crypto';
import { invalid } from '../problem.ts';
import { bytesOf, type CallView } from './call-view.ts';
import { compileKeySource } from './fetched-keys.ts';
import type { ProofContext } from './proof.ts';
import type { PubkeyProof, PublicKeyAlgorithm } from './provider.ts';
import { type PublicKey, parsePublicKeys } from './public-keys.ts';
import { type Refused, refuse } from './refusal.ts';
import { compileSelector, only } from './selector.ts';
import type { Match, Matched } from './signed-proof.ts';
import type { Piece, Render } from './template.ts';

interface Recipe {
  /** null = the key says. */
  readonly digest: 'sha1' | 'sha256' | null;
  readonly fits: (key: KeyObject) => boolean;
}

const isCurve = (key: KeyObject) =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
const isRsa = (key: KeyObject) => key.asymmetricKeyType === 'rsa';

const RECIPES: Readonly<Record<PublicKeyAlgorithm, Recipe>> = {
  ed25519: { digest: null, fits: (key) => key.asymmetricKeyType === 'ed25519' },
  'ecdsa-p256-sha256': { digest: 'sha256', fits: isCurve },
  'ecdsa-sha1': { digest: 'sha1', fits: (key) => key.asymmetricKeyType === 'ec' },
  'rsa-sha1': { digest: 'sha1', fits: isRsa },
  'rsa-sha256': { digest: 'sha256', fits: isRsa },
};

/** Throws Problem `validation` for a configured key that cannot be one of this provider's. */
export function compilePublicKeys(proof: PubkeyProof, context: ProofContext): Match {
  const recipe = recipeOf(proof, context);
  const configured = configuredKeys(proof, context);
  const source = configured.length === 0 && proof.keys ? compileKeySource(proof.keys, context) : null;
  return (view, contents, signatures, verifierContext) => {
    const chosen = recipe(view);
    const tryAll = (keys: readonly PublicKey[] | Refused): Matched | null | Refused =>
      'kind' in keys ? keys : matchAny(chosen, keys, { view, contents, signatures });
    if (source === null) return tryAll(configured);
    const keys = source(view, verifierContext);
    return keys instanceof Promise ? keys.then(tryAll) : tryAll(keys);
  };
}

function recipeOf({ algorithm, newer }: PubkeyProof, context: ProofContext): (view: CallView) => Recipe {
  if (newer === undefined) return () => RECIPES[algorithm];
  const take = compileSelector(newer.at, context);
  return (view) => RECIPES[only(take(view)) === newer.is ? newer.algorithm : algorithm];
}

function configuredKeys(proof: PubkeyProof, { secrets }: ProofContext): readonly PublicKey[] {
  const algorithms = proof.newer ? [proof.algorithm, proof.newer.algorithm] : [proof.algorithm];
  return secrets.flatMap((secret, index) => {
    const keys = parsePublicKeys(secret).filter(({ key }) =>
      algorithms.some((name) => RECIPES[name].fits(key)),
    );
    if (keys.length > 0) return keys.map((key) => ({ ...key, secret: index }));
    throw invalid(
      ['secret'],
      `Give the public key that the provider shows (PEM, JWK or base64) for ${proof.algorithm}.`,
    );
  });
}

interface Question {
  readonly view: CallView;
  readonly contents: readonly Render[];
  readonly signatures: readonly Buffer[];
}

function matchAny(recipe: Recipe, keys: readonly PublicKey[], question: Question): Matched | null | Refused {
  const fitting = keys.filter(({ key }) => recipe.fits(key));
  if (fitting.length === 0) return refuse('key-unknown', 'a key of the kind that signs these calls', 'none');
  for (const content of question.contents) {
    const pieces = content(question.view);
    if (pieces === null) continue;
    const data = joined(pieces);
    for (const { key, secret = null } of fitting) {
      for (const signature of question.signatures) {
        if (!isSignedBy(recipe.digest, data, key, signature)) continue;
        // Not of the signature: who has one ECDSA signature can make a second one of it.
        const id = createHash('sha256').update(data).digest('base64url').slice(0, 22);
        return { key: secret, id };
      }
    }
  }
  return null;
}

function isSignedBy(digest: string | null, data: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(digest, data, key, signature);
  } catch {
    return false; // Not even the form of a signature.
  }
}

function joined(pieces: readonly Piece[]): Buffer {
  const bytes = pieces.map((piece) =>
    typeof piece === 'string' ? Buffer.from(piece, 'utf8') : bytesOf(piece),
  );
  return bytes.length === 1 ? bytes[0]! : Buffer.concat(bytes);
}
