/** What a source notes of a call beside its bytes. Everything else about a received event is derived from both. */
import type { Sealed } from '../catalog/resources.ts';
import type { SourceId } from '../ids.ts';
import type { SourceKind } from './source-kinds.ts';

/** In the order and the case in which they came; a name may come several times. */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

export interface Received {
  readonly sourceId: SourceId;
  readonly via: SourceKind;
  /** What followed the source's token in the path, with its leading slash; '' = nothing. */
  readonly sub: string;
  /** Without `?`. Values that may be credentials are '' here and in `sealed`, as in the headers. */
  readonly query: string;
  readonly headers: RawHeaders;
  /** Sealed credentials (engine/hide-credentials.ts), bound to the event's id; null = nothing to hide. */
  readonly sealed: Sealed | null;
  /** Address of the caller; null where there is none. */
  readonly peer: string | null;
  /** How the sender was known; null = the source asks for no proof. */
  readonly proof: Proof | null;
  readonly dedupeKey: string | null;
  /** How its bytes are to be read, where the source says more than the sender did. */
  readonly readAs: ReadAs | null;
  /** Of another event: this one is a copy that somebody asked to deliver again. */
  readonly isTest: boolean;
  /** What the way in knows besides: envelope and SPF of a mail, offset of a queue, diff of a polled item. JSON. */
  readonly meta: Readonly<Record<string, unknown>> | null;
}

export interface ReadAs {
  /** What the bytes are, whatever the sender said; null = as it said. */
  readonly type: string | null;
  /** A document inside the document, e.g. `form:payload`; null = the bytes are it. */
  readonly payload: string | null;
}

export interface Proof {
  readonly scheme: string;
  /** Which of the source's active secrets, counted from 0; null = another kind of proof. */
  readonly key: number | null;
}
