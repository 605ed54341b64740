/**
 * A provider: how one outside service proves its calls, shakes hands, and names its events. Data that
 * `compile-verifier.ts` runs; src/providers/ holds the table.
 *
 * **Selector** `source:name[key]|pipe|pipe` takes texts out of a call; `call-view.ts` lists the sources, `pipes.ts` the
 * pipes. `[key]` reads lists such as `t=1,v1=ab` (delimiters: `list`), `[@name]` takes the key from the configuration,
 * `header:@name` the header's name, `header:X-Sig-*` gathers numbered headers, `*` in a JSON path is the item that
 * `each` is at.
 *
 * **Template**: text with `{selector}` in it. What is in `[[…]]` is left out when something in it is absent; what is
 * absent elsewhere makes the whole template absent.
 */
import type { CallView } from './call-view.ts';

export type Selector = string;
export type Template = string;

export type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
export type Encoding = 'hex' | 'base64' | 'base64url';
/** How a shared secret becomes a key: as text; decoded; `whsec_` + base64; or the SHA-1 of the text. */
export type KeyEncoding = 'utf8' | 'base64' | 'hex' | 'whsec' | 'sha1';

export interface ListSyntax {
  /** Any of these characters parts two entries. */
  readonly between: string;
  /** Parts an entry's key from its value. */
  readonly pair: string;
}

export interface TimestampRule {
  readonly from: Selector;
  /** `unix` tells seconds from milliseconds by size. */
  readonly format: 's' | 'ms' | 'iso' | 'unix';
  /** null = `TOLERANCE_SECONDS`. */
  readonly toleranceSeconds: number | null;
}

export interface BodyHash {
  readonly from: Selector;
  readonly algorithm: 'sha256';
  readonly encoding: Encoding;
}

/** Something that must be the case beside the signature. A template that renders to nothing is not checked. */
export interface Check {
  readonly at: Selector;
  /** Any may match. */
  readonly equals: readonly Template[];
}

/** What is signed, where a template cannot say it; null = something of it is missing. */
export type SignedBy = (view: CallView) => readonly (string | Uint8Array)[] | null;

interface Signed {
  readonly signature: Selector | readonly Selector[];
  /** Any may stand before the signature, one must; '' = it may be bare. */
  readonly prefix?: string | readonly string[];
  readonly encoding: Encoding;
  readonly list?: ListSyntax;
  /** Several: any may match. */
  readonly signed: Template | readonly Template[] | SignedBy;
  readonly timestamp?: TimestampRule;
  readonly id?: Selector;
  readonly bodyHash?: BodyHash;
  readonly checks?: readonly Check[];
  /** What is remembered against replays; without it, a digest of what was signed (where there is a timestamp). */
  readonly replay?: Selector;
  /** A JSON list of which every item is signed for itself. */
  readonly each?: Selector;
}

export interface HmacProof extends Signed {
  readonly scheme: 'hmac';
  readonly algorithm: Digest;
  readonly key?: KeyEncoding;
}

/** A digest over a template that contains `{secret}`: weak, and only as old senders have it. */
export interface HashProof extends Signed {
  readonly scheme: 'hash';
  readonly algorithm: Digest;
}

export type PublicKeyAlgorithm = 'ed25519' | 'ecdsa-p256-sha256' | 'ecdsa-sha1' | 'rsa-sha1' | 'rsa-sha256';

export interface PubkeyProof extends Signed {
  readonly scheme: 'pubkey';
  readonly algorithm: PublicKeyAlgorithm;
  /** Of calls that say so. */
  readonly newer?: { readonly at: Selector; readonly is: string; readonly algorithm: PublicKeyAlgorithm };
  readonly keys?: KeySource;
}

/** Where public keys come from when none is configured. Asked through `ask`, kept for an hour. */
export interface KeySource extends Question {
  /** JSON member that holds the key, in dotted form; without it the whole answer is the key, certificate or key set. */
  readonly member?: string;
  /** Selector of the key's name; a key set is searched for it. */
  readonly kid?: Selector;
}

/** One outgoing call. */
export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly url: Template;
  /** Must match when the call has a say in the URL; `*` is one label. Only https, no port, no user. */
  readonly hosts?: readonly string[];
  readonly headers?: Readonly<Record<string, Template>>;
  readonly body?: Template;
}

export interface TokenProof {
  readonly scheme: 'token';
  readonly token: Selector | readonly Selector[];
  readonly prefix?: string;
  readonly each?: Selector;
}

export interface BasicProof {
  readonly scheme: 'basic';
}

export interface NoneProof {
  readonly scheme: 'none';
}

export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

export interface JwtProof {
  readonly scheme: 'jwt';
  readonly token: Selector | readonly Selector[];
  readonly prefix?: string | readonly string[];
  readonly algorithms: readonly JwtAlgorithm[];
  readonly keys?: KeySource;
  readonly bodyHash?: BodyHash;
  readonly checks?: readonly Check[];
  /** A token older than this is refused, whatever its `exp` says. */
  readonly maxAgeSeconds?: number;
  /** A check that data cannot say. The view has the claims. */
  readonly binds?: (view: CallView) => boolean;
}

export interface PostbackProof {
  readonly scheme: 'postback';
  readonly ask: Question;
  readonly accept: {
    /** The whole answer, trimmed; without it any 2xx. */
    readonly body?: string;
    /** Members of the JSON answer. */
    readonly members?: Readonly<Record<string, Template>>;
  };
  /** Whether the question needs the secret. */
  readonly needsSecret: boolean;
}

export type Proof =
  | HmacProof
  | HashProof
  | PubkeyProof
  | TokenProof
  | BasicProof
  | NoneProof
  | JwtProof
  | PostbackProof;

export interface Condition {
  readonly at: Selector;
  /** One of these; without it, being there is enough. */
  readonly is?: string | readonly string[];
  /** A regular expression over the whole value. */
  readonly matches?: string;
  readonly absent?: true;
}

/** Makes `{signed}`: an HMAC with the newest secret, or (`key: null`) a plain digest. */
export interface Sign {
  readonly algorithm: Digest;
  readonly encoding: Encoding;
  readonly key: KeyEncoding | null;
  readonly over: Template;
}

export interface Handshake {
  readonly action: 'static' | 'echo' | 'sign' | 'capture' | 'visit';
  readonly methods: readonly string[];
  readonly when: readonly Condition[];
  /** The call is verified like any other before it is answered. */
  readonly signed: boolean;
  /** A value that must equal a configured one; compared in constant time. */
  readonly password?: { readonly at: Selector; readonly config: string };
  readonly sign?: Sign;
  /** The secret that the sender announces. */
  readonly capture?: Selector;
  /** A URL that is fetched before the answer is given. */
  readonly visit?: { readonly url: Selector; readonly hosts: readonly string[] };
  readonly answer: Answer;
}

export interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, Template>>;
  readonly body?: Template;
}

/** What the sender reads in the answer to an ordinary call. */
export interface Ack extends Answer {
  /** What becomes of the answer over there. */
  readonly meaning: string;
  /** Instead, when the receiver has something to say: `{reply}`. */
  readonly reply?: Answer & { readonly sign?: Sign };
}

export interface ConfigField {
  readonly name: string;
  readonly about: string;
  readonly required?: true;
  /** Needed when no secret is given: to fetch the key with. */
  readonly requiredWithoutSecret?: true;
  readonly default?: string;
  /** Sealed and masked like a secret. */
  readonly isSecret?: true;
  /** A regular expression over the whole value. */
  readonly matches?: string;
}

export interface Hints {
  readonly userAgent?: string;
  /** Headers (of any value, or of this beginning) that only this provider sends. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** JSON members or form fields, in dotted form, that speak for it; `name=value` = of that value. */
  readonly members?: readonly string[];
  /** Comes before the others of its family when nothing else tells them apart. */
  readonly isGeneric?: true;
}

export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly status: 'alive' | 'renamed' | 'dead';
  readonly family: string;
  readonly capability: string;
  /** For what is gone or undocumented: what does its job here. */
  readonly modernHonour: string | null;
  readonly methods: readonly string[];
  readonly contentTypes: readonly string[];
  readonly proof: Proof;
  /** Tried in order when nothing of the proofs before is in the call. */
  readonly alternatives: readonly Proof[];
  /** What the secret is at the provider. */
  readonly secret: string | null;
  readonly config: readonly ConfigField[];
  readonly handshakes: readonly Handshake[];
  readonly ack: Ack | null;
  /** The first that renders is the type. */
  readonly eventType: readonly Template[];
  readonly deliveryId: readonly Template[];
  /** A document inside the document. */
  readonly payload: Selector | null;
  readonly responseDeadlineSeconds: number | null;
  readonly hints: Hints;
  readonly notes: readonly string[];
  readonly confidence:
    | 'official-library'
    | 'third-party-library'
    | 'source'
    | 'docs'
    | 'secondary'
    | 'recalled'
    | 'unknown';
  /** The library and version that made or accepts the test vector, or how else it came about; null = it has none. */
  readonly provenBy: string | null;
}

/** Where a timestamp comes and nothing says how old it may be. */
export const TOLERANCE_SECONDS = 300;
