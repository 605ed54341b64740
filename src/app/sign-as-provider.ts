/**
 * Signs a call as a provider would: its row says where signature, timestamp and id are read, and here they are written.
 * What comes out is shown to the source's own verifier; what that does not accept is not called signed.
 */
import { createHash, createHmac } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { CallView } from '../core/verification/call-view.ts';
import { compileVerifier } from '../core/verification/compile-verifier.ts';
import type {
  BodyHash,
  Encoding,
  HashProof,
  HmacProof,
  ListSyntax,
  Proof,
  Provider,
  TokenProof,
} from '../core/verification/provider.ts';
import { secretKey } from '../core/verification/secret-keys.ts';
import { compileTemplate, type Piece } from '../core/verification/template.ts';
import type { ReceivedCall } from '../core/verification/verifier.ts';
import { PROVIDERS } from '../providers/index.ts';
import { CallWriter } from './call-writer.ts';

export interface CallToSign {
  readonly call: ReceivedCall;
  readonly provider: string;
  /** The source's, newest first. */
  readonly secrets: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** Ms since the epoch. */
  readonly now: number;
  /** Makes this call one of its kind. */
  readonly id: string;
}

export type SignedCall = { readonly call: ReceivedCall } | { readonly cannot: string };

/** Those that a shared secret is enough for. */
const MAKEABLE: readonly Proof['scheme'][] = ['none', 'hmac', 'hash', 'token', 'basic'];

/** Where the provider needs no proof, the call as it is. */
export async function signAsProvider(request: CallToSign): Promise<SignedCall> {
  const provider = PROVIDERS.get(request.provider);
  if (provider === undefined) return { cannot: `no provider is called ${request.provider}` };
  if (await isAccepted(provider, request, request.call)) return { call: request.call };
  const { scheme } = provider.proof;
  if (!MAKEABLE.includes(scheme))
    return { cannot: `what ${provider.name} proves itself with (${scheme}) can only be made over there` };
  const [secret] = request.secrets;
  if (secret === undefined) return { cannot: 'the source has no secret' };
  const config = { ...defaultsOf(provider), ...request.config };
  try {
    for (const proof of [provider.proof, ...provider.alternatives]) {
      const writer = new CallWriter(request.call, config);
      if (!prove(proof, { ...request, config, secret, writer })) continue;
      const call = writer.call();
      if (await isAccepted(provider, request, call)) return { call };
    }
  } catch (cause) {
    if (cause instanceof Problem) return { cannot: cause.message };
    throw cause;
  }
  return { cannot: `${provider.name} signs what cannot be written into a call like this one` };
}

async function isAccepted(provider: Provider, request: CallToSign, call: ReceivedCall): Promise<boolean> {
  try {
    const verifier = compileVerifier(
      { ...provider, handshakes: [] },
      {
        secrets: request.secrets,
        config: request.config,
        toleranceSeconds: null,
        allowCapture: false,
        isLenient: true,
      },
    );
    const ask = () => Promise.resolve({ failed: 'nobody is asked here' });
    return (await verifier.verify(call, { now: request.now, ask })).kind === 'verified';
  } catch (cause) {
    if (cause instanceof Problem) return false;
    throw cause;
  }
}

function defaultsOf({ config }: Provider): Record<string, string> {
  return Object.fromEntries(
    config.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value]])),
  );
}

interface Proving extends CallToSign {
  readonly secret: string;
  readonly writer: CallWriter;
}

/** False = there is no way. */
function prove(proof: Proof, proving: Proving): boolean {
  const { writer, secret } = proving;
  switch (proof.scheme) {
    case 'hmac':
    case 'hash':
      return sign(proof, proving);
    case 'token':
      return showToken(proof, proving);
    case 'basic':
      return writer.write('header:Authorization', `Basic ${Buffer.from(secret).toString('base64')}`);
    default:
      return false;
  }
}

function showToken({ token, prefix = '' }: TokenProof, { writer, secret }: Proving): boolean {
  return writer.write([token].flat()[0]!, prefix + secret);
}

function sign(proof: HmacProof | HashProof, { writer, secret, now, id, config }: Proving): boolean {
  const { timestamp, list, bodyHash } = proof;
  const time = timestamp === undefined ? undefined : instantText(timestamp.format, now);
  if (timestamp !== undefined && !writer.write(timestamp.from, time!, list)) return false;
  if (proof.id !== undefined && !writer.write(proof.id, id, list)) return false;
  if (bodyHash !== undefined && !writeBodyHash(bodyHash, writer, list)) return false;
  if (proof.replay !== undefined) writer.write(proof.replay, id, list);
  const view = new CallView(writer.call());
  Object.assign(view.made, { secret, id, ...(time === undefined ? {} : { timestamp: time }) });
  const pieces = contentOf(proof, view, { config, list });
  if (pieces === null) return false;
  const digest = digestOf(proof, secret, pieces);
  const prefix = [proof.prefix ?? ''].flat()[0]!;
  return writer.write([proof.signature].flat()[0]!, prefix + encoded(digest, proof.encoding), list);
}

function writeBodyHash(rule: BodyHash, writer: CallWriter, list: ListSyntax | undefined): boolean {
  const digest = createHash(rule.algorithm).update(writer.call().body).digest();
  return writer.write(rule.from, encoded(digest, rule.encoding), list);
}

/** The first of the forms that the call has everything for. */
function contentOf(
  { signed }: HmacProof | HashProof,
  view: CallView,
  context: Parameters<typeof compileTemplate>[1],
): readonly (Piece | string)[] | null {
  if (typeof signed === 'function') return signed(view);
  for (const template of [signed].flat()) {
    const pieces = compileTemplate(template, context)(view);
    if (pieces !== null) return pieces;
  }
  return null;
}

function digestOf(proof: HmacProof | HashProof, secret: string, pieces: readonly Piece[]): Buffer {
  const hash =
    proof.scheme === 'hmac'
      ? createHmac(proof.algorithm, secretKey(secret, proof.key ?? 'utf8'))
      : createHash(proof.algorithm);
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

function encoded(digest: Buffer, encoding: Encoding): string {
  return digest.toString(encoding);
}

function instantText(format: 's' | 'ms' | 'iso' | 'unix', now: number): string {
  if (format === 'iso') return new Date(now).toISOString();
  return String(format === 'ms' ? now : Math.floor(now / 1000));
}
