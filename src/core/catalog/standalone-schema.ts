/** Lifts a JSON Schema out of the document it lives in: what it refers to is put under its own `$defs`. */
import { invalid } from '../problem.ts';
import { atPointer, isObject, type Json, type JsonObject, pointerSegments } from './json-pointer.ts';

/** Levels of nesting inside one schema: an exported one must fit into an import again (JSON_DEPTH_MAX of http). */
const DEPTH_MAX = 80;
/** Members whose values are data, where a `$ref` is only text. */
const DATA = new Set(['example', 'examples', 'enum', 'const', 'default']);
/** Members whose values map names to schemas: there, any name may occur. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

interface Lift {
  readonly document: JsonObject;
  /** Copied values still allowed, over the whole import. */
  readonly budget: { nodes: number };
  /** Name under `$defs` by the reference as it was written. */
  readonly names: Map<string, string>;
  readonly waiting: string[];
}

/** A copy of `schema` without references to the rest of `document`. Recursive definitions stay recursive. */
export function standaloneSchema(
  schema: JsonObject,
  context: { readonly document: JsonObject; readonly budget: { nodes: number } },
): JsonObject {
  const lift: Lift = { ...context, names: new Map(), waiting: [] };
  const root = copySchema(inlined(schema, lift), lift, 0) as JsonObject;
  const definitions: Record<string, Json> = {};
  for (let ref = lift.waiting.shift(); ref !== undefined; ref = lift.waiting.shift()) {
    definitions[lift.names.get(ref) ?? ref] = copySchema(atPointer(lift.document, ref), lift, 0);
  }
  if (Object.keys(definitions).length === 0) return root;
  const own = root.$defs;
  return { ...root, $defs: { ...(isObject(own) ? own : {}), ...definitions } };
}

/** The root reads best when it is the definition itself; a second visit to it goes through `$defs`. */
function inlined(schema: JsonObject, lift: Lift): JsonObject {
  const seen = new Set<string>();
  let current = schema;
  for (let ref = current.$ref; typeof ref === 'string' && ref.startsWith('#/'); ref = current.$ref) {
    if (seen.has(ref))
      throw invalid(['body', 'spec'], `The schema ${JSON.stringify(ref)} only refers to itself.`);
    seen.add(ref);
    const target = atPointer(lift.document, ref);
    if (!isObject(target)) return current;
    const { $ref: _ref, ...beside } = current;
    current = { ...target, ...beside };
  }
  return current;
}

function copySchema(value: Json, lift: Lift, depth: number): Json {
  spend(lift, depth);
  if (Array.isArray(value)) return value.map((item) => copySchema(item, lift, depth + 1));
  if (!isObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (name === '$ref' && typeof member === 'string') setOwn(copy, name, renamed(member, lift));
    else if (DATA.has(name)) setOwn(copy, name, copyData(member, lift, depth + 1));
    else if (MAPS.has(name) && isObject(member)) setOwn(copy, name, copyMap(member, lift, depth + 1));
    else if (name === 'discriminator' && isObject(member))
      setOwn(copy, name, copyDiscriminator(member, lift));
    else setOwn(copy, name, copySchema(member, lift, depth + 1));
  }
  return copy;
}

function copyMap(map: JsonObject, lift: Lift, depth: number): Json {
  spend(lift, depth);
  const copy: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(map)) {
    if (schema !== undefined) setOwn(copy, name, copySchema(schema, lift, depth + 1));
  }
  return copy;
}

/** OpenAPI's discriminator maps values to references that are plain strings. */
function copyDiscriminator(discriminator: JsonObject, lift: Lift): Json {
  const mapping = discriminator.mapping;
  if (!isObject(mapping)) return discriminator;
  const copy: Record<string, Json> = {};
  for (const [value, ref] of Object.entries(mapping)) {
    if (ref !== undefined) {
      setOwn(copy, value, typeof ref === 'string' && ref.startsWith('#/') ? renamed(ref, lift) : ref);
    }
  }
  return { ...discriminator, mapping: copy };
}

function copyData(value: Json, lift: Lift, depth: number): Json {
  spend(lift, depth);
  if (Array.isArray(value)) return value.map((item) => copyData(item, lift, depth + 1));
  if (!isObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) setOwn(copy, name, copyData(member, lift, depth + 1));
  }
  return copy;
}

/** Where a reference points after the lift; new targets wait for their turn. */
function renamed(ref: string, lift: Lift): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(ref)) return ref;
  if (!ref.startsWith('#/')) {
    throw invalid(
      ['body', 'spec'],
      `The spec refers to another file, ${JSON.stringify(ref)}: bundle it into one document first.`,
    );
  }
  let name = lift.names.get(ref);
  if (name === undefined) {
    name = freeName(pointerSegments(ref).at(-1) ?? 'schema', lift);
    lift.names.set(ref, name);
    lift.waiting.push(ref);
  }
  return `#/$defs/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`;
}

function freeName(wanted: string, lift: Lift): string {
  const taken = new Set(lift.names.values());
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`;
  return name;
}

function spend(lift: Lift, depth: number): void {
  lift.budget.nodes -= 1;
  if (lift.budget.nodes < 0 || depth > DEPTH_MAX) {
    throw invalid(
      ['body', 'spec'],
      'The schemas of the spec are too large or nested too deeply: import fewer webhooks at a time.',
    );
  }
}

/** Defines the member even when it is called `__proto__`. */
function setOwn(target: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
