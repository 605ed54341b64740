/**
 * An example of an event type's payload, made of its JSON Schema: an example that the schema names, else plausible
 * values by type. Bounded in depth and size, whatever the schema says; the same schema always gives the same example.
 */
import { isObject } from '../core/is-object.ts';

const DEPTH_MAX = 12;
const VALUES_MAX = 1000;
const DEFAULT_EXAMPLE = { success: true };

type Schema = Readonly<Record<string, unknown>>;

interface Walk {
  readonly root: Schema;
  /** Values made so far; an array, so that every level counts the same. */
  readonly made: unknown[];
}

/** `schemas` is what the event type holds, `{"1": JSONSchema}`: the newest version is used. Always a JSON object. */
export function examplePayload(schemas: unknown, exampleIndex = 0): Readonly<Record<string, unknown>> {
  const root = newest(schemas);
  if (root === undefined) return DEFAULT_EXAMPLE;
  const { examples } = root;
  const named = Array.isArray(examples) ? (examples[exampleIndex] ?? examples[0]) : undefined;
  if (isObject(named)) return named;
  const value = exampleOf(root, { root, made: [] }, 0);
  return isObject(value) ? value : { value };
}

function newest(schemas: unknown): Schema | undefined {
  if (!isObject(schemas)) return undefined;
  const versions = Object.entries(schemas).filter(
    ([version, schema]) => /^\d+$/.test(version) && isObject(schema),
  );
  versions.sort(([a], [b]) => Number(b) - Number(a));
  return versions[0]?.[1] as Schema | undefined;
}

function exampleOf(given: unknown, walk: Walk, depth: number): unknown {
  if (depth > DEPTH_MAX || walk.made.length >= VALUES_MAX) return null;
  const schema = resolved(given, walk.root, 0);
  if (schema === undefined) return null;
  walk.made.push(schema);
  if ('const' in schema) return schema.const;
  if ('example' in schema) return schema.example;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  if ('default' in schema) return schema.default;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0];
  const branches = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(branches) && branches.length > 0) return exampleOf(branches[0], walk, depth + 1);
  if (Array.isArray(schema.allOf)) return merged(schema, schema.allOf, walk, depth);
  return byType(schema, walk, depth);
}

function byType(schema: Schema, walk: Walk, depth: number): unknown {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type;
  if (type === 'object' || (type === undefined && isObject(schema.properties)))
    return objectOf(schema, walk, depth);
  if (type === 'array') return schema.items === undefined ? [] : [exampleOf(schema.items, walk, depth + 1)];
  if (type === 'string') return stringOf(schema);
  if (type === 'integer') return Math.ceil(numberOf(schema));
  if (type === 'number') return numberOf(schema);
  return type === 'boolean' ? true : null;
}

function objectOf(schema: Schema, walk: Walk, depth: number): Record<string, unknown> {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, member]) => [name, exampleOf(member, walk, depth + 1)]),
  );
}

function merged(schema: Schema, parts: readonly unknown[], walk: Walk, depth: number): unknown {
  const { allOf: _, ...own } = schema;
  const values = [...parts, own].map((part) => exampleOf(part, walk, depth + 1)).filter(isObject);
  return Object.assign({}, ...values) as unknown;
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  email: 'user@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
};

function stringOf(schema: Schema): string {
  const text = BY_FORMAT[String(schema.format)] ?? 'string';
  const min = typeof schema.minLength === 'number' ? Math.min(schema.minLength, VALUES_MAX) : 0;
  const max = typeof schema.maxLength === 'number' ? Math.max(0, schema.maxLength) : text.length + min;
  return text.padEnd(min, 'x').slice(0, max);
}

function numberOf(schema: Schema): number {
  if (typeof schema.minimum === 'number') return schema.minimum;
  if (typeof schema.exclusiveMinimum === 'number') return schema.exclusiveMinimum + 1;
  return typeof schema.maximum === 'number' ? Math.min(schema.maximum, 1) : 1;
}

/** Follows references inside the document only. */
function resolved(given: unknown, root: Schema, hops: number): Schema | undefined {
  if (!isObject(given)) return undefined;
  if (typeof given.$ref !== 'string') return given;
  if (hops > DEPTH_MAX || !given.$ref.startsWith('#/')) return undefined;
  const parts = given.$ref.slice(2).split('/');
  let at: unknown = root;
  for (const part of parts) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return resolved(at, root, hops + 1);
}
