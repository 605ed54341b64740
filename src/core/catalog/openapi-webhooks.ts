/**
 * Event types out of an OpenAPI document: each entry of `webhooks` (OpenAPI 3.1) or `x-webhooks` (the 3.0 habit) is
 * one. What an entry refers to inside its document comes along, so that the stored schema stands alone.
 */
import { invalid, type Problem } from '../problem.ts';
import { isObject, type Json, type JsonObject, memberOf, resolvePointer } from './json-pointer.ts';
import { standaloneSchema } from './standalone-schema.ts';

/** Webhooks that one document may define. */
export const WEBHOOKS_MAX = 1000;
/** Values that one import may copy out of its document: stops references that multiply. */
export const SCHEMA_NODES_MAX = 200_000;

const NAME = /^(?!\.{1,2}$)[a-zA-Z0-9\-_.]{1,256}$/;
const METHODS = ['post', 'put', 'patch', 'get', 'delete'] as const;

/** `undefined` members are those about which the document says nothing: an existing event type keeps its own. */
export interface ImportedEventType {
  readonly name: string;
  readonly description: string;
  readonly deprecated: boolean;
  readonly featureFlags: readonly string[] | undefined;
  readonly groupName: string | undefined;
  /** `{"1": JSONSchema}`; null = the webhook has no JSON body. */
  readonly schemas: Readonly<Record<string, Json>> | null;
}

/** The event types that a parsed OpenAPI document defines, in its order. */
export function eventTypesFromOpenApi(document: unknown): readonly ImportedEventType[] {
  if (!isObject(document)) throw refuse('The spec must be one OpenAPI document: an object at its top.');
  const webhooks = { ...asEntries(document, 'x-webhooks'), ...asEntries(document, 'webhooks') };
  const names = Object.keys(webhooks);
  if (names.length === 0) {
    throw refuse('The spec defines no webhooks: put them under `webhooks` or `x-webhooks` at its top.');
  }
  if (names.length > WEBHOOKS_MAX) {
    throw refuse(`The spec defines ${names.length} webhooks; import at most ${WEBHOOKS_MAX} at a time.`);
  }
  const wrong = names.filter((name) => !NAME.test(name));
  if (wrong.length > 0) {
    throw refuse(
      `Rename ${JSON.stringify(wrong.slice(0, 5))}: an event type's name has only letters, digits, "-", "_" and ".", at most 256.`,
    );
  }
  const budget = { nodes: SCHEMA_NODES_MAX };
  return names.map((name) => fromWebhook(name, webhooks[name], { document, budget }));
}

interface Context {
  readonly document: JsonObject;
  readonly budget: { nodes: number };
}

function fromWebhook(name: string, entry: Json | undefined, context: Context): ImportedEventType {
  const item = resolvePointer(context.document, entry);
  if (!isObject(item)) throw refuse(`The webhook "${name}" must be an object (a path item).`);
  const method = METHODS.find((candidate) => isObject(memberOf(item, candidate)));
  const operation = method === undefined ? undefined : memberOf(item, method);
  if (!isObject(operation)) throw refuse(`The webhook "${name}" has no operation: give it a \`post\`.`);
  const schema = bodySchema(operation, context);
  return {
    name,
    description: firstText([operation.description, operation.summary, item.description, item.summary]),
    deprecated: operation.deprecated === true,
    featureFlags: featureFlags(name, operation) ?? featureFlags(name, item),
    groupName: groupName(name, operation) ?? groupName(name, item),
    schemas: schema === null ? null : { '1': schema },
  };
}

/** The JSON body's schema with everything it refers to, and the media type's examples. */
function bodySchema(operation: JsonObject, context: Context): Json | null {
  const body = resolvePointer(context.document, operation.requestBody);
  const content = isObject(body) ? body.content : undefined;
  if (!isObject(content)) return null;
  const type = Object.keys(content).find((key) => /^application\/(json|[^;]*\+json)\b/i.test(key));
  const media = type === undefined ? undefined : content[type];
  if (!isObject(media) || !isObject(media.schema)) return null;
  const schema = standaloneSchema(media.schema, context);
  const examples = mediaExamples(media, context.document);
  return examples.length === 0 || 'examples' in schema ? schema : { ...schema, examples };
}

function mediaExamples(media: JsonObject, document: JsonObject): Json[] {
  if (media.example !== undefined) return [media.example];
  const named = media.examples;
  if (!isObject(named)) return [];
  return Object.values(named)
    .map((example) => resolvePointer(document, example))
    .filter(isObject)
    .flatMap((example) => (example.value === undefined ? [] : [example.value]));
}

function featureFlags(name: string, holder: JsonObject): readonly string[] | undefined {
  const given = holder['x-svix-feature-flags'] ?? holder['x-svix-feature-flag'];
  if (given === undefined || given === null) return undefined;
  const flags = typeof given === 'string' ? [given] : given;
  if (Array.isArray(flags) && flags.every((flag) => typeof flag === 'string' && NAME.test(flag))) {
    return flags as readonly string[];
  }
  throw refuse(`The webhook "${name}": x-svix-feature-flags must be a list of names.`);
}

function groupName(name: string, holder: JsonObject): string | undefined {
  const given = holder['x-svix-group-name'];
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'string' && NAME.test(given)) return given;
  throw refuse(`The webhook "${name}": x-svix-group-name must be a name.`);
}

function asEntries(document: JsonObject, member: string): JsonObject {
  const entries = memberOf(document, member);
  if (entries === undefined || entries === null) return {};
  if (!isObject(entries)) throw refuse(`\`${member}\` must be an object that names each webhook.`);
  return entries;
}

function firstText(candidates: readonly (Json | undefined)[]): string {
  const found = candidates.find((candidate) => typeof candidate === 'string' && candidate !== '');
  return typeof found === 'string' ? found : '';
}

function refuse(detail: string): Problem {
  return invalid(['body', 'spec'], detail);
}
