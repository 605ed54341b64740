/** The request of one attempt: the compiled headers with id, timestamp and signature filled in. */
import type { Event } from '../core/event/event.ts';
import { isForbiddenHeader } from '../core/event/limits.ts';
import { renderId } from '../core/ids.ts';
import { type Signer, signature } from '../core/signing/standard-webhooks.ts';
import type { WireRequest } from '../ports/wire.ts';
import {
  CONTENT_TYPE_SLOT,
  type CompiledDestination,
  ID_SLOT,
  SIGNATURE_SLOT,
  signersAt,
  TIMESTAMP_SLOT,
} from './compile-destination.ts';

export interface RequestOptions {
  readonly event: Event;
  readonly content: Uint8Array;
  readonly now: number;
  /** Of OAuth2; null = whatever the compiled headers say. */
  readonly accessToken: string | null;
  /** false: the signature's headers stay empty, for whoever leaves them out. */
  readonly isSigned?: boolean;
}

export function requestOf(compiled: CompiledDestination, options: RequestOptions): WireRequest {
  const { event, content, now } = options;
  const timestampSeconds = Math.floor(now / 1000);
  const id = renderId(event.id, event.received === null ? 'message' : 'event');
  const headers = compiled.headers.slice();
  headers[ID_SLOT] = id;
  headers[TIMESTAMP_SLOT] = `${timestampSeconds}`;
  if (options.isSigned !== false) {
    const signers: readonly Signer[] = signersAt(compiled, now);
    headers[SIGNATURE_SLOT] = signature(signers, { id, timestampSeconds, body: content });
  }
  headers[CONTENT_TYPE_SLOT] = event.contentType || 'application/octet-stream';
  if (options.accessToken !== null) setHeader(headers, 'Authorization', `Bearer ${options.accessToken}`);
  if (event.headers !== null)
    for (const [name, value] of event.headers) setEventHeader(headers, compiled, name, value);
  return {
    method: compiled.destination.method ?? event.method,
    url: compiled.url,
    headers,
    body: content,
    timeoutMs: compiled.timeoutMs,
    connection: compiled.connection,
  };
}

function setEventHeader(headers: string[], compiled: CompiledDestination, name: string, value: string): void {
  if (isForbiddenHeader(name)) return;
  if (compiled.headerNames.has(name.toLowerCase())) setHeader(headers, name, value);
  else headers.push(name, value);
}

/** Sets the first of that name, whatever its case, or adds it. */
export function setHeader(headers: string[], name: string, value: string): void {
  const lower = name.toLowerCase();
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== lower) continue;
    headers[i] = name;
    headers[i + 1] = value;
    return;
  }
  headers.push(name, value);
}
