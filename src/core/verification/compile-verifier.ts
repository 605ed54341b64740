/** Makes a verifier of a provider (data) and what a source has configured. */
import { invalid, Problem } from '../problem.ts';
import { atPath, CallView } from './call-view.ts';
import { compileDescribe } from './describe.ts';
import { compileAck, compileHandshake } from './handshake.ts';
import { compileJwt } from './jwt-proof.ts';
import { compilePostback } from './postback-proof.ts';
import type { CompiledProof, ProofContext } from './proof.ts';
import type { Proof, Provider } from './provider.ts';
import { refuse } from './refusal.ts';
import { compileSigned } from './signed-proof.ts';
import { compileBasic, compileToken, NO_PROOF } from './token-proof.ts';
import type { Verification, Verifier, VerifierContext } from './verifier.ts';

export interface VerifierOptions {
  /** Active ones, the newest first. */
  readonly secrets: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** Instead of the provider's; null = as it says. */
  readonly toleranceSeconds: number | null;
  /** Whether the operator has consented to keep a secret that the sender announces. */
  readonly allowCapture: boolean;
  /** Leaves out checks whose value is not configured instead of refusing to start: to look at captured calls. */
  readonly isLenient?: boolean;
}

const SECRETS_MAX = 20;
/** Items of a list that are signed one by one. */
const ITEMS_MAX = 1000;

/** Throws Problem `validation` when a secret or a configured value is missing or wrong. */
export function compileVerifier(provider: Provider, options: VerifierOptions): Verifier {
  const context = contextOf(provider, options);
  const proofs = [provider.proof, ...provider.alternatives].map((proof) => compileProof(proof, context));
  const hasSecrets = context.secrets.length > 0 || !needsSecret(provider);
  const handshakes = provider.handshakes.map((handshake) =>
    compileHandshake(handshake, { ...context, allowCapture: options.allowCapture }),
  );
  const prove = (view: CallView, verifierContext: VerifierContext) => {
    if (!hasSecrets) return refuse('no-secret', 'a secret of this source', 'none');
    const proof = proofs.length === 1 ? proofs[0]! : (proofs.find((each) => each.isIn(view)) ?? proofs[0]!);
    return proof.verify(view, verifierContext);
  };
  const respond = compileAck(provider.ack, context);
  return {
    verify: (call, verifierContext) => {
      const view = new CallView(call);
      const handshake = handshakes.length === 0 ? undefined : handshakes.find((each) => each.fits(view));
      if (handshake === undefined) return prove(view, verifierContext);
      if (!handshake.signed) return handshake.answer(view, verifierContext);
      return whenVerified(prove(view, verifierContext), () => handshake.answer(view, verifierContext));
    },
    describe: compileDescribe(provider, context),
    acknowledge: (call, reply) => (respond === null ? null : respond(new CallView(call), reply)),
  };
}

type Result = Verification | Promise<Verification>;

function whenVerified(result: Result, answer: () => Result): Result {
  if (result instanceof Promise) return result.then((settled) => whenVerified(settled, answer));
  return result.kind === 'verified' ? answer() : result;
}

function contextOf(provider: Provider, options: VerifierOptions): ProofContext {
  const { secrets, toleranceSeconds } = options;
  if (secrets.length > SECRETS_MAX) throw invalid(['secrets'], `Give at most ${SECRETS_MAX} secrets.`);
  if (secrets.some((secret) => secret === '')) throw invalid(['secrets'], 'A secret is empty: leave it out.');
  if (toleranceSeconds !== null && !(toleranceSeconds > 0))
    throw invalid(['toleranceSeconds'], 'Give a tolerance of at least one second, or none.');
  const canCapture = provider.handshakes.some(({ capture }) => capture !== undefined);
  if (secrets.length === 0 && needsSecret(provider) && !canCapture)
    throw new Problem('validation', `${provider.name} needs a secret: ${provider.secret}.`);
  return { secrets, config: configOf(provider, options), toleranceSeconds };
}

/** Configured values with the defaults filled in. Throws Problem `validation`. */
function configOf(
  provider: Provider,
  { config, secrets, isLenient }: VerifierOptions,
): Readonly<Record<string, string>> {
  const known = new Map(provider.config.map((field) => [field.name, field]));
  for (const name of Object.keys(config)) {
    if (known.has(name)) continue;
    const names = [...known.keys()].join(', ') || 'none';
    throw invalid(['config', name], `${provider.name} has no such value; it has: ${names}.`);
  }
  const filled: Record<string, string> = {};
  for (const field of provider.config) {
    const { name, about, default: standard, matches } = field;
    const value = Object.hasOwn(config, name) ? config[name] : standard;
    if (value === undefined || value === '') {
      const isNeeded =
        field.required === true || (field.requiredWithoutSecret === true && secrets.length === 0);
      if (isNeeded && isLenient !== true) throw invalid(['config', name], `Give ${name}: ${about}.`);
      continue;
    }
    if (matches !== undefined && !new RegExp(`^(?:${matches})$`).test(value))
      throw invalid(['config', name], `Give ${name} in the right form: ${about}.`);
    filled[name] = value;
  }
  return filled;
}

/** Whether nothing can be verified without a secret of the source. */
export function needsSecret({ proof }: Provider): boolean {
  switch (proof.scheme) {
    case 'none':
      return false;
    case 'postback':
      return proof.needsSecret;
    case 'pubkey':
    case 'jwt':
      return proof.keys === undefined;
    default:
      return true;
  }
}

function compileProof(proof: Proof, context: ProofContext): CompiledProof {
  const compiled = compileScheme(proof, context);
  return 'each' in proof && proof.each !== undefined ? forEach(proof.each, compiled) : compiled;
}

function compileScheme(proof: Proof, context: ProofContext): CompiledProof {
  switch (proof.scheme) {
    case 'hmac':
    case 'hash':
    case 'pubkey':
      return compileSigned(proof, context);
    case 'token':
      return compileToken(proof, context);
    case 'basic':
      return compileBasic(context);
    case 'jwt':
      return compileJwt(proof, context);
    case 'postback':
      return compilePostback(proof, context);
    case 'none':
      return NO_PROOF;
    default:
      throw new Problem('validation', `There is no scheme ${JSON.stringify((proof as Proof).scheme)}.`);
  }
}

/** Every item of a JSON list proves itself; a list without items proves nothing. */
function forEach(path: string, proof: CompiledProof): CompiledProof {
  return {
    isIn: (view) => proof.isIn(view),
    verify: (view, context) => {
      const list = atPath(view.json, path, 0);
      const count = Array.isArray(list) ? list.length : 0;
      if (count === 0) return refuse('signature-missing', `items in the list ${path}`, 'none');
      if (count > ITEMS_MAX)
        return refuse('signature-malformed', `at most ${ITEMS_MAX} items in ${path}`, `${count} items`);
      view.index = 0;
      let result = proof.verify(view, context);
      for (let index = 1; index < count; index++) {
        if (result instanceof Promise || result.kind !== 'verified') break;
        view.index = index;
        result = proof.verify(view, context);
      }
      return result;
    },
  };
}
