/** Verifies a captured call without asking anybody: what `posthorn verify` does. */
import { closestName } from '../core/closest-name.ts';
import { invalid, Problem } from '../core/problem.ts';
import type { RawHeaders } from '../core/received/received.ts';
import { compileVerifier, type VerifierOptions } from '../core/verification/compile-verifier.ts';
import type { Provider } from '../core/verification/provider.ts';
import type { ReceivedCall, RefusalReason, Verifier } from '../core/verification/verifier.ts';
import { PROVIDERS } from '../providers/index.ts';

export interface CapturedVerdict {
  readonly valid: boolean;
  /** null = valid. */
  readonly reason: RefusalReason | null;
  readonly scheme: string;
  /** In words; null = valid. */
  readonly expected: string | null;
  readonly got: string | null;
  /** Names of configured values that were not given, so that nothing was compared with them. */
  readonly unchecked: readonly string[];
}

export interface CapturedQuestion {
  readonly provider: string;
  /** Whatever proves the sender: shared secrets, public keys, certificates, key sets, `user:password`. */
  readonly secrets: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** Unix seconds; null = as the file says (`now`), else the present. */
  readonly at: number | null;
  /** The captured call as JSON: `{method, url, headers, body, bodyEncoding?, now?}`. */
  readonly file: string;
  /** Ms since the epoch. */
  readonly present: number;
}

const NAMES_SHOWN = 5;

/** Throws Problem `validation` when the question cannot be answered. */
export async function verifyCaptured(question: CapturedQuestion): Promise<CapturedVerdict> {
  const provider = providerNamed(question.provider);
  const { call, now } = parseCaptured(question.file);
  const { scheme } = provider.proof;
  const verifier = compiled(provider, question);
  if (typeof verifier === 'string') {
    const reason = scheme === 'basic' ? 'credentials-mismatch' : 'signature-mismatch';
    return {
      valid: false,
      reason,
      scheme,
      expected: verifier,
      got: 'a secret in another form',
      unchecked: [],
    };
  }
  const result = await verifier.verify(call, {
    now: question.at === null ? (now ?? question.present) : question.at * 1000,
    ask: () => Promise.resolve({ failed: 'nobody is asked here' }),
  });
  const unchecked = provider.config
    .filter(({ name, required }) => required === true && question.config[name] === undefined)
    .map(({ name }) => name);
  if (result.kind !== 'refused')
    return { valid: true, reason: null, scheme, expected: null, got: null, unchecked };
  const { reason, expected, got } = result;
  if (reason === 'sender-unreachable')
    throw new Problem(
      'validation',
      `${provider.name} publishes its keys: give the one that signed this call with --secret (${provider.secret}).`,
    );
  return { valid: false, reason, scheme, expected, got, unchecked };
}

/** A sentence when a shared secret has not even the provider's form: nothing is genuine by it. */
function compiled(provider: Provider, question: CapturedQuestion): Verifier | string {
  try {
    return compileVerifier(withoutHandshakes(provider), optionsOf(provider, question));
  } catch (cause) {
    const isShared = ['hmac', 'hash', 'basic'].includes(provider.proof.scheme);
    if (isShared && cause instanceof Problem && cause.errors[0]?.loc[0] === 'secret') return cause.message;
    throw cause;
  }
}

function providerNamed(id: string): Provider {
  const provider = PROVIDERS.get(id);
  if (provider !== undefined) {
    if (provider.proof.scheme !== 'postback') return provider;
    throw invalid(
      ['provider'],
      `${provider.name} signs nothing: it is asked about each call, which cannot be done for a captured one.`,
    );
  }
  const alike = [...PROVIDERS.keys()].filter((each) => each.includes(id) || id.includes(each));
  const similar = alike.length > 0 ? alike : [closestName(id, PROVIDERS.keys()) ?? []].flat();
  const near = similar.length === 0 ? '' : ` Do you mean ${similar.slice(0, NAMES_SHOWN).join(', ')}?`;
  throw invalid(
    ['provider'],
    `No provider is called ${JSON.stringify(id)}: docs/providers.md lists them.${near}`,
  );
}

/** A call that a handshake would answer unproven is as valid as its proof. */
function withoutHandshakes(provider: Provider): Provider {
  return { ...provider, handshakes: [] };
}

function optionsOf(provider: Provider, { secrets, config }: CapturedQuestion): VerifierOptions {
  const given = provider.proof.scheme === 'none' ? [] : secrets;
  return { secrets: given, config, toleranceSeconds: null, allowCapture: false, isLenient: true };
}

/**
 * Headers may be an object of texts or of lists, or a list of pairs. Other members are passed over. `now` is in Unix
 * seconds, and is given in ms. Throws Problem `validation`.
 */
export function parseCaptured(text: string): { readonly call: ReceivedCall; readonly now: number | null } {
  const { method = 'POST', url, headers = {}, body = '', bodyEncoding, now } = captured(text);
  if (typeof method !== 'string' || !/^[A-Za-z]{1,32}$/.test(method))
    throw invalid(['method'], 'Give `method` as text: "POST".');
  if (typeof url !== 'string' || url === '')
    throw invalid(['url'], 'Give `url` as text: the whole URL that the sender called.');
  if (typeof body !== 'string')
    throw invalid(
      ['body'],
      'Give `body` as text, exactly as it came (or its base64, with `"bodyEncoding": "base64"`).',
    );
  if (
    bodyEncoding !== undefined &&
    bodyEncoding !== null &&
    bodyEncoding !== 'base64' &&
    bodyEncoding !== 'utf8'
  )
    throw invalid(['bodyEncoding'], 'Give `bodyEncoding` as "base64", or leave it out for text.');
  return {
    call: {
      method: method.toUpperCase(),
      url,
      headers: headersOf(headers),
      body: Buffer.from(body, bodyEncoding === 'base64' ? 'base64' : 'utf8'),
    },
    now: typeof now === 'number' ? now * 1000 : null,
  };
}

interface Captured {
  readonly method?: unknown;
  readonly url?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly bodyEncoding?: unknown;
  readonly now?: unknown;
}

function captured(text: string): Captured {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below: neither has the form.
  }
  throw invalid(['file'], 'Give the captured call as JSON: {"method", "url", "headers", "body"}.');
}

function headersOf(headers: unknown): RawHeaders {
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {});
  return pairs.flatMap((pair) => {
    const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const values = Array.isArray(value) ? (value as unknown[]) : [value];
    if (typeof name !== 'string' || !values.every(isText))
      throw invalid(
        ['headers'],
        'Give `headers` as {"Name": "value"}, {"Name": ["value"]} or [["Name", "value"]].',
      );
    return values.map((each) => [name, String(each)] as const);
  });
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
