/** Takes the signatures out of a call and decodes them. */
import type { CallView } from './call-view.ts';
import type { Encoding, Selector } from './provider.ts';
import { beginningOf, type Refused, refuse } from './refusal.ts';
import { type CompileContext, compileSelector, placeOf, type Take } from './selector.ts';

/** Signatures of one call that are tried. */
const SIGNATURES_MAX = 16;
/** Of a signature whose length the algorithm does not fix. */
const BYTES_MAX = 1024;

export interface SignatureForm {
  readonly signature: Selector | readonly Selector[];
  readonly prefix?: string | readonly string[] | undefined;
  readonly encoding: Encoding;
  /** Of a decoded signature; null = as the key has it. */
  readonly bytes: number | null;
}

export interface SignatureReader {
  /** In words: `header X-Hub-Signature-256: "sha256=" and 64 hex digits`. */
  readonly expected: string;
  raw(view: CallView): readonly string[];
  read(view: CallView): readonly Buffer[] | Refused;
}

export function compileSignatures(form: SignatureForm, context: CompileContext): SignatureReader {
  const selectors = [form.signature].flat();
  const takes = selectors.map((selector) => compileSelector(selector, context));
  const raw: Take = takes.length === 1 ? takes[0]! : (view) => takes.flatMap((take) => take(view));
  const prefixes = form.prefix === undefined ? [''] : [form.prefix].flat();
  const expected = `${selectors.map(placeOf).join(' or ')}: ${formText(form, prefixes[0]!)}`;
  const { encoding, bytes } = form;
  return {
    expected,
    raw,
    read: (view) => {
      const values = raw(view);
      if (values.length === 0) return refuse('signature-missing', expected, 'nothing');
      const found: Buffer[] = [];
      for (const value of values) {
        const signature = decodeAfter(value, prefixes, encoding, bytes);
        if (signature !== null && found.length < SIGNATURES_MAX) found.push(signature);
      }
      if (found.length > 0) return found;
      return refuse('signature-malformed', expected, beginningOf(values[0]));
    },
  };
}

function decodeAfter(
  value: string,
  prefixes: readonly string[],
  encoding: Encoding,
  bytes: number | null,
): Buffer | null {
  for (const prefix of prefixes) {
    if (!value.startsWith(prefix)) continue;
    const signature = decode(prefix === '' ? value : value.slice(prefix.length), encoding, bytes);
    if (signature !== null) return signature;
  }
  return null;
}

function decode(text: string, encoding: Encoding, bytes: number | null): Buffer | null {
  const { length } = text;
  if (length === 0 || length > BYTES_MAX * 2) return null;
  if (encoding === 'hex') {
    if (bytes === null ? length % 2 !== 0 : length !== bytes * 2) return null;
    const decoded = Buffer.from(text, 'hex');
    return decoded.length * 2 === length ? decoded : null;
  }
  // Node passes over what is no base64: the length tells whether there was any.
  const decoded = Buffer.from(text, 'base64');
  if (bytes !== null && decoded.length !== bytes) return null;
  return Math.ceil((length * 3) / 4) - decoded.length <= 3 && decoded.length > 0 ? decoded : null;
}

function formText({ encoding, bytes }: SignatureForm, prefix: string): string {
  const before = prefix === '' ? '' : `${JSON.stringify(prefix)} and `;
  if (encoding === 'hex') return `${before}${bytes === null ? 'hex digits' : `${bytes * 2} hex digits`}`;
  const length = bytes === null ? '' : `${Math.ceil(bytes / 3) * 4} `;
  return `${before}${length}characters of ${encoding}`;
}
