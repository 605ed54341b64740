/** Parsers of single settings: from an environment text or a YAML value to a typed value, or a sentence why not. */

/** What YAML or the environment gave; environment values are always text. */
export type Given = string | number | boolean | null | readonly unknown[];

/** A setting that cannot be used; `detail` is a sentence that says what would do. */
export class BadSetting extends Error {
  readonly setting: string;

  constructor(setting: string, detail: string) {
    super(`${setting}: ${detail}`);
    this.name = 'BadSetting';
    this.setting = setting;
  }
}

export type Parse<T> = (given: Given) => T;

const reject = (sentence: string): never => {
  throw new Error(sentence);
};

export const text: Parse<string> = (given) =>
  typeof given === 'string' || typeof given === 'number' ? String(given) : reject('needs a text.');

export const flag: Parse<boolean> = (given) => {
  const value = typeof given === 'string' ? given.toLowerCase() : given;
  if (value === true || value === 'true' || value === '1' || value === 'yes' || value === 'on') return true;
  if (value === false || value === 'false' || value === '0' || value === 'no' || value === 'off')
    return false;
  return reject('needs true or false.');
};

export const whole =
  (min: number, max: number): Parse<number> =>
  (given) => {
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return reject(`needs a whole number from ${min} to ${max}.`);
  };

export const oneOf =
  <const T extends string>(...choices: readonly T[]): Parse<T> =>
  (given) =>
    choices.find((choice) => choice === given) ?? reject(`needs one of ${choices.join(', ')}.`);

/** Comma-separated text, JSON text, or a YAML list. */
export const items: Parse<readonly (string | number)[]> = (given) => {
  const value = typeof given === 'string' && given.trim().startsWith('[') ? parseJson(given) : given;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === 'string' || typeof item === 'number')) return value;
    return reject('needs a list of texts or numbers.');
  }
  if (typeof value === 'number') return [value];
  if (typeof value !== 'string') return reject('needs a list, comma-separated or JSON.');
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
};

export const texts: Parse<readonly string[]> = (given) => items(given).map(String);

function parseJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return reject('starts like a JSON list but is not one.');
  }
}

/** Seconds as a number or digits; `1ms`, `5s`, `5m`, `2h`, `7d` as text. Result in ms. */
export const duration: Parse<number> = (given) => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(String(given).trim());
  if (!match)
    return reject('needs a duration: seconds as a number, or a text such as 500ms, 30s, 5m, 2h, 7d.');
  return Math.round(Number(match[1]) * UNIT_MS[(match[2] ?? 's') as keyof typeof UNIT_MS]);
};
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const durations =
  (countMax: number, eachMaxMs: number): Parse<readonly number[]> =>
  (given) => {
    const list = items(given).map(duration);
    if (list.length > countMax) return reject(`takes at most ${countMax} durations.`);
    if (list.some((ms) => ms > eachMaxMs))
      return reject(`takes durations of at most ${eachMaxMs / 86_400_000} days.`);
    return list;
  };

export const listen: Parse<{ readonly host: string; readonly port: number }> = (given) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))?:?(\d{1,5})$/.exec(String(given).trim());
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    return reject('needs host:port, e.g. 127.0.0.1:8071, [::1]:8071 or 0.0.0.0:8071.');
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port };
};

export const httpUrl: Parse<string> = (given) => {
  const value = text(given);
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    return reject('needs an http:// or https:// URL.');
  return value.replace(/\/+$/, '');
};

export const proxyUrl: Parse<string> = (given) => {
  const value = text(given);
  if (!URL.canParse(value) || !/^(https?|socks5h?):$/.test(new URL(value).protocol)) {
    return reject('needs a URL that starts with http://, https:// or socks5://.');
  }
  return value;
};

/** Where the database of cluster mode is. The message never repeats the URL, which may hold a password. */
export const postgresUrl: Parse<string> = (given) => {
  const value = text(given);
  const url = URL.parse(value);
  // What follows an unescaped / or # in a password would be taken for the host, the database or nothing.
  const isOne =
    url !== null &&
    /^postgres(ql)?:$/.test(url.protocol) &&
    /^\/[^/@]+$/.test(url.pathname) &&
    url.hash === '';
  if (!isOne)
    return reject(
      'needs postgres://user:password@host:port/database, with special characters percent-encoded.',
    );
  return value;
};

/** CIDRs; a bare address is that one address. */
export const subnets: Parse<readonly string[]> = (given) =>
  texts(given).map((item) => {
    const match = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(item);
    const isV6 = item.includes(':');
    const bits = match?.[2] === undefined ? (isV6 ? 128 : 32) : Number(match[2]);
    if (!match || bits > (isV6 ? 128 : 32))
      return reject(`needs CIDRs such as 10.0.0.0/8 or ::1/128; ${item} is not one.`);
    return `${match[1]}/${bits}`;
  });

export const secrets: Parse<readonly string[]> = (given) => {
  const list = texts(given);
  if (list.length === 0 || list.some((secret) => secret.length < 16)) {
    return reject('needs at least one secret of 16 characters or more.');
  }
  return list;
};
