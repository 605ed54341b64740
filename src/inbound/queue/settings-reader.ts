/** Reads a queue's settings member by member; what is wrong is Problem `validation` about that member. */
import { type FieldError, invalid } from '../../core/problem.ts';

const LOC: FieldError['loc'] = ['body', 'input'];
export const PORT_MAX = 65_535;
/** Certificates come with their chain. */
const PEM_CHARS_MAX = 65_536;
const NAME_CHARS_MAX = 1_024;
const LIST_MAX = 100;

export interface TextBounds {
  readonly max?: number;
  /** What it must look like, and how to say so. */
  readonly pattern?: readonly [RegExp, string];
}

export interface NumberBounds {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

export interface SettingsReader {
  text(name: string, bounds?: TextBounds): string;
  /** null when it is absent, null or ''. */
  optionalText(name: string, bounds?: TextBounds): string | null;
  texts(name: string, bounds?: TextBounds): readonly string[];
  integer(name: string, bounds: NumberBounds): number;
  flag(name: string, fallback: boolean): boolean;
  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice;
  /** Refuses members that nobody asked for. */
  end(): void;
}

/** Reads `input`; rejects anything that is no JSON object. */
export function settingsReader(input: unknown): SettingsReader {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw invalid(LOC, 'Give the settings as a JSON object.');
  const members = input as Readonly<Record<string, unknown>>;
  const known = new Set<string>();
  const member = (name: string): unknown => {
    known.add(name);
    return Object.hasOwn(members, name) ? members[name] : undefined;
  };
  const optionalText = (name: string, bounds: TextBounds = {}): string | null => {
    const value = member(name);
    return value === undefined || value === null || value === '' ? null : checkedText(name, value, bounds);
  };
  return {
    optionalText,
    text(name, bounds) {
      const value = optionalText(name, bounds);
      if (value === null) throw wrong(name, 'is needed: give a text.');
      return value;
    },
    texts(name, bounds = {}) {
      const value = member(name);
      if (!Array.isArray(value) || value.length === 0 || value.length > LIST_MAX)
        throw wrong(name, `is needed: give a list of 1 to ${LIST_MAX} texts.`);
      return value.map((one: unknown, at) => checkedText(name, one, bounds, at));
    },
    integer(name, { fallback, min, max }) {
      const value = member(name) ?? fallback;
      if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
        throw wrong(name, `must be a whole number from ${min} to ${max}.`);
      return value as number;
    },
    flag(name, fallback) {
      const value = member(name) ?? fallback;
      if (typeof value !== 'boolean') throw wrong(name, 'must be true or false.');
      return value;
    },
    choice(name, choices, fallback) {
      const value = member(name) ?? fallback;
      const chosen = choices.find((choice) => choice === value);
      if (chosen === undefined) throw wrong(name, `must be one of ${choices.join(', ')}.`);
      return chosen;
    },
    end() {
      for (const name of Object.keys(members))
        if (!known.has(name)) throw wrong(name, 'is no setting of this kind: remove it.');
    },
  };
}

/** A refusal of one member of the settings. */
export function wrong(name: string, what: string, at?: number) {
  return invalid(at === undefined ? [...LOC, name] : [...LOC, name, at], `${name} ${what}`);
}

function checkedText(name: string, value: unknown, { max, pattern }: TextBounds, at?: number): string {
  const limit = max ?? NAME_CHARS_MAX;
  if (typeof value !== 'string' || value === '' || value.length > limit)
    throw wrong(name, `must be a text of 1 to ${limit} characters.`, at);
  if (pattern && !pattern[0].test(value)) throw wrong(name, pattern[1], at);
  return value;
}

/** A host name or address, without port or brackets. */
export const HOST: TextBounds = {
  max: 253,
  pattern: [/^[^\s/@[\]]+$/, 'must be a host name or an address, without a port or a scheme.'],
};

export interface TlsSettings {
  readonly isOn: boolean;
  /** PEM texts; null = the system's authorities, and no certificate of our own. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** `tls`, `tlsCa`, `tlsCert`, `tlsKey`. */
export function readTls(read: SettingsReader): TlsSettings {
  const pem: TextBounds = {
    max: PEM_CHARS_MAX,
    pattern: [/-----BEGIN [A-Z0-9 ]+-----/, 'must be PEM text, with its BEGIN and END lines.'],
  };
  const tls = {
    isOn: read.flag('tls', false),
    ca: read.optionalText('tlsCa', pem),
    cert: read.optionalText('tlsCert', pem),
    key: read.optionalText('tlsKey', pem),
  };
  if (!tls.isOn && (tls.ca ?? tls.cert ?? tls.key) !== null)
    throw wrong('tls', 'must be true when certificates are given.');
  if ((tls.cert === null) !== (tls.key === null))
    throw wrong(
      tls.cert === null ? 'tlsCert' : 'tlsKey',
      'is needed: a certificate and its key go together.',
    );
  return tls;
}

/** How many messages are being taken at once; 1 keeps them strictly in order. */
export function readPrefetch(read: SettingsReader, fallback = 16, max = 256): number {
  return read.integer('prefetch', { fallback, min: 1, max });
}
