/** Paddle Classic: signed is what PHP's `serialize` makes of the fields. */
import type { SignedBy } from '../../core/verification/provider.ts';

/** All fields but the signature, sorted by name, as an array of strings; lengths are in bytes. */
export const serializedFields: SignedBy = ({ form }) => {
  const fields = new Map(form.filter(([name]) => name !== 'p_signature'));
  if (fields.size === 0) return null;
  const names = [...fields.keys()].sort();
  return [`a:${names.length}:{${names.map((name) => text(name) + text(fields.get(name)!)).join('')}}`];
};

function text(value: string): string {
  return `s:${Buffer.byteLength(value)}:"${value}";`;
}
