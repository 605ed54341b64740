/** Compiles selectors (see provider.ts) to functions that take texts out of a call. */
import { createHash } from 'node:crypto';
import { atPath, bytesOf, type CallView, scalarText } from './call-view.ts';
import { crc32 } from './crc32.ts';
import { compilePipe, type Pipe } from './pipes.ts';
import type { ListSyntax, Selector } from './provider.ts';

export type Take = (view: CallView) => readonly string[];

/** What is known when a selector is compiled: the configured values, and how lists are written. */
export interface CompileContext {
  readonly config: Readonly<Record<string, string>>;
  readonly list?: ListSyntax | undefined;
}

/** Entries of a list that are read, and values of one name that are believed to differ. */
const ENTRIES_MAX = 64;
const COMMA_LIST: ListSyntax = { between: ',', pair: '=' };
const NOTHING: readonly string[] = [];

/** Throws RangeError: a selector that cannot be compiled is a mistake in the table. */
export function compileSelector(selector: Selector, context: CompileContext): Take {
  const [head = '', ...pipes] = selector.split('|');
  const found = /^([a-zA-Z]+)(?::([^[\]]*))?(?:\[([^\]]+)\])?$/.exec(head);
  if (found === null) throw new RangeError(`Not a selector: ${selector}`);
  const [, source = '', name = '', key] = found;
  const bytes = source === 'body' ? BODY_BYTES[pipes[0] ?? ''] : undefined;
  if (bytes !== undefined) pipes.shift();
  let take = bytes ?? sourceOf(source, name, context);
  if (key !== undefined) take = keyed(take, configured(key, context), context.list);
  for (const text of pipes) take = piped(take, compilePipe(text), selector);
  return take;
}

/** One text for all values, as HTTP joins them: who sends a second value changes the text, so it fails to verify. */
export function only(values: readonly string[]): string | undefined {
  if (values.length < 2) return values[0];
  return values.every((value) => value === values[0]) ? values[0] : values.join(', ');
}

/** `@name` is a configured value. */
function configured(name: string, { config }: CompileContext): string {
  return name.startsWith('@') ? (config[name.slice(1)] ?? '') : name;
}

/** Pipes that read the bytes, not the text that they may not be. */
const BODY_BYTES: Readonly<Record<string, Take>> = {
  crc32: ({ call }) => [String(crc32(call.body))],
  sha256hex: ({ call }) => [createHash('sha256').update(call.body).digest('hex')],
  base64: ({ call }) => [bytesOf(call.body).toString('base64')],
  base64url: ({ call }) => [bytesOf(call.body).toString('base64url')],
};

function sourceOf(source: string, name: string, context: CompileContext): Take {
  switch (source) {
    case 'header': {
      const wanted = configured(name, context).toLowerCase();
      return (view) => view.header(wanted);
    }
    case 'query':
      return (view) => valuesOf(view.query, configured(name, context));
    case 'form':
      return (view) => valuesOf(view.form, name);
    case 'json':
      return (view) => scalarText(atPath(view.json, name, view.index));
    case 'document':
      return (view) => documentText(atPath(view.json, name, view.index));
    case 'key':
      return (view) => memberName(view.json, name);
    case 'xml':
      return (view) => view.xml(name);
    case 'jwt':
      return (view) => scalarText(atPath(view.claims, name, view.index));
    case 'config': {
      const value = context.config[name];
      return value === undefined ? () => NOTHING : () => [value];
    }
    case 'formSorted':
      return (view) => [sortedFields(view.form)];
    default:
      return plainSource(source);
  }
}

function plainSource(source: string): Take {
  switch (source) {
    case 'body':
      return (view) => [view.text];
    case 'method':
      return ({ call }) => [call.method.toUpperCase()];
    case 'url':
      return ({ call }) => [call.url];
    case 'path':
      return (view) => [view.path];
    case 'timestamp':
    case 'id':
    case 'kid':
    case 'secret':
    case 'signed':
    case 'reply':
      return ({ made }) => {
        const value = made[source];
        return value === undefined ? NOTHING : [value];
      };
    default:
      throw new RangeError(`No such source: ${source}`);
  }
}

function valuesOf(fields: readonly (readonly [string, string])[], name: string): readonly string[] {
  const values: string[] = [];
  for (const [other, value] of fields) if (other === name && values.length < ENTRIES_MAX) values.push(value);
  return values;
}

/** Objects and lists as JSON. */
function documentText(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return scalarText(value);
  return [JSON.stringify(value)];
}

/** `1` = the second member's name, `*_events` = the first that ends so. */
function memberName(value: unknown, which: string): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NOTHING;
  const names = Object.keys(value);
  const name = which.startsWith('*')
    ? names.find((each) => each.endsWith(which.slice(1)))
    : names[Number(which)];
  return name === undefined ? NOTHING : [name];
}

/** Names and values, sorted by name; of a name that comes several times each value once. */
function sortedFields(fields: readonly (readonly [string, string])[]): string {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of fields) {
    const values = byName.get(name);
    if (values === undefined) byName.set(name, new Set([value]));
    else values.add(value);
  }
  let text = '';
  for (const name of [...byName.keys()].sort()) {
    for (const value of [...byName.get(name)!].sort()) text += name + value;
  }
  return text;
}

/** The values of one key in lists such as `t=1,v1=ab,v1=cd`. */
function keyed(take: Take, key: string, { between, pair }: ListSyntax = COMMA_LIST): Take {
  return (view) => {
    const values: string[] = [];
    for (const text of take(view)) {
      const entries = between.length === 1 ? text.split(between, ENTRIES_MAX) : entriesOf(text, between);
      for (const entry of entries) {
        const at = entry.indexOf(pair);
        if (at >= 0 && entry.slice(0, at).trim() === key) values.push(entry.slice(at + pair.length).trim());
      }
    }
    return values;
  };
}

/** Parted by any of the characters. */
function entriesOf(text: string, between: string): readonly string[] {
  let entries: readonly string[] = [text];
  for (const mark of between) entries = entries.flatMap((entry) => entry.split(mark, ENTRIES_MAX));
  return entries;
}

function piped(take: Take, pipe: Pipe | undefined, selector: string): Take {
  if (pipe === undefined) throw new RangeError(`No such pipe in: ${selector}`);
  return (view) => pipe(take(view));
}

/** `header X-Signature`, `form field Signature`: how people call the place. */
export function placeOf(selector: Selector): string {
  const [, source = '', name = ''] = /^([a-zA-Z]+)(?::([^|[]*))?/.exec(selector) ?? [];
  const places: Readonly<Record<string, string>> = {
    header: 'header',
    query: 'query parameter',
    form: 'form field',
    json: 'JSON member',
    xml: 'XML element',
    jwt: 'claim',
  };
  const key = /\[([^\]]+)\]/.exec(selector)?.[1];
  const place = places[source] === undefined ? `the ${source}` : `${places[source]} ${name}`;
  return key === undefined ? place : `${place}, ${key}`;
}
