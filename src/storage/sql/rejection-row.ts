/** A refused call to stored columns and back: a document, and the start of the body beside it. */
import type { Rejection } from '../../ports/rejections.ts';

/** Of a body that was refused, so much is kept. */
export const REJECTED_BODY_BYTES_MAX = 4096;

export interface RejectionRow {
  readonly doc: string;
  readonly body: Uint8Array;
}

export function rejectionRow({ bodyStart, ...rejection }: Rejection): RejectionRow {
  return {
    doc: JSON.stringify(rejection),
    body: new Uint8Array(bodyStart.subarray(0, REJECTED_BODY_BYTES_MAX)),
  };
}

export function rejectionOf({ doc, body }: RejectionRow): Rejection {
  return { ...(JSON.parse(doc) as Omit<Rejection, 'bodyStart'>), bodyStart: body };
}
