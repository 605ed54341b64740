/**
 * Why there was no answer, as a kind and a sentence. Everything between the first look-up and the last byte fails with
 * an Error; here alone it becomes an outcome. Sentences name host and port, never a path, a query or a credential.
 */
import { errors } from 'undici';
import type { Unanswered } from '../core/outcome.ts';

export type FailureKind = Unanswered['kind'];

/** A connection that was not made; thrown by the connecting code, which knows the phase it was in. */
export class ConnectFailure extends Error {
  readonly kind: FailureKind;
  /** undici resends a request whose connection failed with one of its own socket codes; this one it gives back. */
  readonly code = 'POSTHORN_CONNECT';

  constructor(kind: FailureKind, detail: string) {
    super(detail);
    this.name = 'ConnectFailure';
    this.kind = kind;
  }
}

export interface Failure {
  readonly kind: FailureKind;
  readonly detail: string;
}

/** Before the connection stood: `where` is what was being reached, e.g. `example.com:443` or `the proxy p:3128`. */
export function tcpFailure(error: unknown, where: string): ConnectFailure {
  if (error instanceof ConnectFailure) return error;
  const code = codeOf(error);
  const sentence = TCP_SENTENCES[code];
  if (code === 'ETIMEDOUT')
    return new ConnectFailure('timed-out', `${where} did not accept the connection in time`);
  return new ConnectFailure(
    'unreachable',
    sentence === undefined
      ? `${where} could not be connected to (${code})`
      : `${where} ${sentence} (${code})`,
  );
}

/** While the TLS handshake ran. */
export function tlsFailure(error: unknown, where: string): ConnectFailure {
  if (error instanceof ConnectFailure) return error;
  return new ConnectFailure('tls-failed', `The TLS handshake with ${where} failed: ${tlsReason(error)}`);
}

/** What went wrong with TLS, in words and with the code, and without OpenSSL's own report of it. */
export function tlsReason(error: unknown): string {
  const code = codeOf(error);
  return `${TLS_SENTENCES[code] ?? opensslSentence(error)} (${code})`;
}

function opensslSentence(error: unknown): string {
  const reason = opensslReason(error);
  const known = OPENSSL_SENTENCES.find(([pattern]) => pattern.test(reason));
  return known?.[1] ?? reason;
}

/** Node gives it as a member, but not for every error; in the message it is the fourth part of `error:0A00010B:…`. */
function opensslReason(error: unknown): string {
  const { reason } = (error ?? {}) as { reason?: unknown };
  if (typeof reason === 'string') return reason;
  const text = messageOf(error);
  return /error:[0-9a-f]+:[^:]*:[^:]*:([^:]+)/i.exec(text)?.[1]?.trim() ?? text;
}

export function dnsFailure(error: unknown, host: string): ConnectFailure {
  if (error instanceof ConnectFailure) return error;
  const code = codeOf(error);
  const reason = code === 'ENOTFOUND' ? 'has no address in DNS' : 'could not be looked up in DNS';
  return new ConnectFailure('unreachable', `${host} ${reason} (${code})`);
}

/** After the connection stood. `answering`: a status line had already come. */
export function requestFailure(error: unknown, answering: boolean): Failure {
  if (error instanceof ConnectFailure) return { kind: error.kind, detail: error.message };
  const code = codeOf(error);
  const when = answering ? 'before the end of its answer' : 'before it answered';
  // Its code is often missing: undici looks numbers up in a table of names.
  if (error instanceof errors.HTTPParserError) {
    return { kind: 'unreachable', detail: `The answer is not valid HTTP/1.1: ${messageOf(error)}` };
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return {
      kind: 'tls-failed',
      detail: `The receiver ended the TLS connection: ${tlsReason(error)}`,
    };
  }
  switch (code) {
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return { kind: 'unrenderable', detail: `The request cannot be written: ${messageOf(error)}` };
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { kind: 'unreachable', detail: 'The headers of the answer are too large' };
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return { kind: 'unreachable', detail: 'The attempt was ended because this node is shutting down' };
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return { kind: 'unreachable', detail: `The receiver closed the connection ${when}` };
    case 'ECONNRESET':
    case 'EPIPE':
      return { kind: 'unreachable', detail: `The receiver reset the connection ${when} (${code})` };
    default:
      return { kind: 'unreachable', detail: `The connection failed ${when} (${code})` };
  }
}

const TCP_SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'reset the connection',
  EHOSTUNREACH: 'is not reachable from here',
  ENETUNREACH: 'is not reachable from here',
  EADDRNOTAVAIL: 'cannot be connected to from here',
};

const TLS_SENTENCES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain ends in an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is from an authority that is not trusted, or the chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is from an authority that is not trusted, or the chain is incomplete',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_REVOKED: 'its certificate was revoked',
  ECONNRESET: 'the receiver closed the connection',
  UND_ERR_SOCKET: 'the receiver closed the connection',
};

/** By OpenSSL's reason, whose alerts are named "ssl/tls", "sslv3", "tlsv1" or "tlsv13" from version to version. */
const OPENSSL_SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^(wrong version number|packet length too long|http request)$/, 'the port does not speak TLS'],
  [
    /alert protocol version|unsupported protocol|no protocols available/,
    'it speaks no TLS of version 1.2 or newer',
  ],
  [/alert certificate required/, 'it asks for a client certificate'],
  [
    /alert (bad|unsupported|unknown|revoked|expired)? ?(certificate|ca\b)/,
    'it does not accept our client certificate',
  ],
  [
    /alert handshake failure|no shared cipher/,
    'it has no cipher in common with us, or asks for a client certificate',
  ],
  [/unrecognized name/, 'it knows no host of this name'],
  [/unexpected eof/, 'the receiver closed the connection'],
  [/(key|md) too (small|weak)/, 'its certificate or key is too weak'],
  [/no start line|bad base64/, 'the text is not PEM'],
  [/key values mismatch/, 'the key does not belong to the certificate'],
];

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : 'unknown error';
}

const MESSAGE_CHARS = 200;
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MESSAGE_CHARS);
}
