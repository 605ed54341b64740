/** How a refusal is worded: forms and beginnings, never a secret and never the right signature. */
import type { RefusalReason, Verification } from './verifier.ts';

export type Refused = Extract<Verification, { kind: 'refused' }>;

const SHOWN = 8;
/** A digest in hex, with what stands before it. */
const HEX = /^([\w-]{1,20}=)?([\da-fA-F]{32,256})$/;

export function refuse(reason: RefusalReason, expected: string, got: string): Refused {
  return { kind: 'refused', reason, expected, got };
}

/** Form and beginning of a signature or another value that proves nothing by itself. */
export function beginningOf(value: string | undefined): string {
  if (value === undefined) return 'nothing';
  const [, prefix = '', digits] = HEX.exec(value) ?? [];
  if (digits !== undefined) {
    const before = prefix === '' ? '' : `${JSON.stringify(prefix)} and `;
    return `${before}${digits.length} hex digits (${digits.slice(0, SHOWN)}…)`;
  }
  if (value.length <= SHOWN) return JSON.stringify(value);
  return `${JSON.stringify(`${value.slice(0, SHOWN)}…`)} (${value.length} characters)`;
}

/** Of what may be a credential, though of another source, only its length is told. */
export function lengthOf(value: string | undefined): string {
  return value === undefined ? 'nothing' : `${value.length} characters`;
}
