/** Functions on texts beside CEL's own methods; each also as a method where CEL has none of that name. */
import type { Environment } from '@marcbachmann/cel-js';
import { type Budget, boundItems, boundText } from './budget.ts';
import { Failure } from './failure.ts';

const sync = { async: false } as const;
const TIMESTAMP = 'google.protobuf.Timestamp';

export function registerTextFunctions(env: Environment, budget: Budget): void {
  const both = (
    name: string,
    args: string,
    returns: string,
    handler: (...args: never[]) => unknown,
  ): void => {
    env.registerFunction(`${name}(string${args && `, ${args}`}): ${returns}`, handler, sync);
    env.registerFunction(`string.${name}(${args}): ${returns}`, handler, sync);
  };
  both('lower', '', 'string', (text: string) => text.toLowerCase());
  both('upper', '', 'string', (text: string) => text.toUpperCase());
  both('replace', 'string, string', 'string', (text: string, from: string, to: string) => {
    return replaceAll(budget, text, from, to);
  });
  both('base64Encode', '', 'string', (text: string) => Buffer.from(text).toString('base64'));
  both('base64Decode', '', 'string', (text: string) => base64Decode(text));
  both('urlEncode', '', 'string', (text: string) => encodeURIComponent(text.toWellFormed()));
  both('urlDecode', '', 'string', (text: string) => urlDecode(text));
  const one = (signature: string, handler: (...args: never[]) => unknown): void => {
    env.registerFunction(signature, handler, sync);
  };
  one('trim(string): string', (text: string) => text.trim());
  one('split(string, string): list<string>', (text: string, by: string) => text.split(by));
  one('join(list<dyn>, string): string', (items: readonly unknown[], by: string) => join(items, by));
  one('substring(string, int): string', (text: string, from: bigint) => text.substring(Number(from)));
  one('substring(string, int, int): string', (text: string, from: bigint, to: bigint) =>
    text.substring(Number(from), Number(to)),
  );
  one(`string(${TIMESTAMP}): string`, (instant: Date) => instant.toISOString());
  one('string(google.protobuf.Duration): string', (duration: object) => String(duration));
  one(`int(${TIMESTAMP}): int`, (instant: Date) => BigInt(Math.floor(instant.getTime() / 1000)));
  one(`formatTime(${TIMESTAMP}): string`, (instant: Date) => instant.toISOString());
  one(`formatTime(${TIMESTAMP}, string): string`, (instant: Date, zone: string) => {
    budget.spend(1000);
    return formatTime(instant, zone);
  });
}

function replaceAll(budget: Budget, text: string, from: string, to: string): string {
  if (from === '') throw new Failure('wrong', 'replace() needs a text to look for');
  const parts = text.split(from);
  budget.spend(parts.length);
  boundText(text.length + (parts.length - 1) * (to.length - from.length));
  return parts.join(to);
}

function join(items: readonly unknown[], by: string): string {
  boundItems(items.length);
  let length = 0;
  for (const item of items) {
    if (typeof item !== 'string')
      throw new Failure('wrong', 'join() takes a list of texts; use string(x) in a map()');
    length += item.length + by.length;
    boundText(length);
  }
  return items.join(by);
}

/** Standard or URL-safe alphabet (RFC 4648 §4, §5), with or without padding. */
function base64Decode(text: string): string {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text))
    throw new Failure('wrong', 'base64Decode() was given no base64');
  return Buffer.from(text, 'base64').toString('utf8');
}

function urlDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Failure('wrong', 'urlDecode() was given a text with a % that no code follows');
  }
}

/** RFC 3339 with the zone's offset, to the second. `zone` is an IANA name. */
function formatTime(instant: Date, zone: string): string {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      ...{
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      },
      timeZoneName: 'longOffset',
    });
  } catch {
    throw new Failure('wrong', 'formatTime() knows no such time zone; use a name such as "Europe/Berlin"');
  }
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const offset = part.timeZoneName!.replace('GMT', '').replace('+00:00', '') || 'Z';
  return `${part.year!.padStart(4, '0')}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}${offset}`;
}
