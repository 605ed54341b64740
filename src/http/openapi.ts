/**
 * The OpenAPI 3.1 document, made from the operations. A Fastify instance that never listens carries the schemas, so
 * that the serving one validates nothing twice. Shapes with a `title` become components.
 */
import swagger from '@fastify/swagger';
import fastify, { type FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import { CompatibleProblemOut, ProblemOut, ValidationProblemOut } from '../contract/problem.ts';
import { PROBLEMS, type ProblemCode } from '../core/problem.ts';
import type { Operation } from './define-operation.ts';
import { isCompatiblePath } from './problem.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

/** What any operation that needs a token may answer. */
const ALWAYS: readonly ProblemCode[] = [
  'authentication_failed',
  'insufficient access',
  'too_many_requests',
  'unavailable',
];

/** The checked-in copy (docs/openapi.json): without a version, so that a release does not change it. */
export async function openapiText(operations: readonly Operation[]): Promise<string> {
  return `${JSON.stringify(await makeOpenapi(operations, 'current'), null, 2)}\n`;
}

/** The whole document as a JSON value. */
export async function makeOpenapi(operations: readonly Operation[], version: string): Promise<JsonObject> {
  const app = fastify({ logger: false, exposeHeadRoutes: false });
  // Nothing is served from this instance: its schemas need not be compiled.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => () => '');
  await app.register(swagger, { openapi: documentHead(version) });
  app.after(() => {
    for (const operation of operations) {
      if (operation.hidden === true) continue;
      app.route({
        method: operation.method,
        url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
        schema: routeSchema(operation),
        handler: () => {
          throw new Error('This instance only describes.');
        },
      });
    }
  });
  await app.ready();
  const document = JSON.parse(JSON.stringify(app.swagger())) as JsonObject;
  await app.close();
  return hoistShared(document);
}

function documentHead(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Posthorn',
      version,
      description: 'A self-hosted webhook hub. The routes under /api/v1 are compatible with the Svix API.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    components: {
      securitySchemes: {
        bearer: {
          type: 'http' as const,
          scheme: 'bearer',
          description: 'An organization token, an app token, or an API key (`phk_…`).',
        },
      },
    },
  };
}

function routeSchema(operation: Operation): FastifySchema {
  const isPublic = operation.needs === 'public';
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...(isPublic ? {} : { security: [{ bearer: [] }] }),
    ...(operation.query === undefined ? {} : { querystring: operation.query }),
    ...(operation.body === undefined ? {} : { body: operation.body, consumes: consumed(operation) }),
    ...pathParameters(operation),
    ...(operation.method === 'POST' && !isPublic ? { headers: IDEMPOTENCY_HEADER } : {}),
    response: responses(operation),
  };
}

const IDEMPOTENCY_HEADER = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      maxLength: 256,
      description: 'Makes repeating the request safe: the first answer is kept for 12 hours.',
    },
  },
};

function consumed(operation: Operation): string[] {
  return [operation.path.endsWith('/msg/raw') ? '*/*' : 'application/json'];
}

function pathParameters(operation: Operation): { params?: unknown } {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  if (names.length === 0) return {};
  const properties = Object.fromEntries(
    names.map((name) => [name, { type: 'string', description: describe(name) }]),
  );
  return { params: { type: 'object', properties, required: names } };
}

function describe(parameter: string): string {
  return parameter.endsWith('_id') ? 'Its id or its uid.' : 'Its name.';
}

function responses(operation: Operation): Record<string, unknown> {
  const answers: Record<string, unknown> = {};
  for (const [status, shape] of Object.entries(operation.replies)) {
    answers[status] =
      shape === null ? { description: 'Done; no content.', type: 'null' } : described(shape, 'Success.');
  }
  const codes = operation.needs === 'public' ? operation.problems : [...ALWAYS, ...operation.problems];
  if (operation.path.includes('{')) addProblem(answers, operation, 'not_found');
  if (operation.query !== undefined || operation.body !== undefined)
    addProblem(answers, operation, 'validation');
  if (operation.body !== undefined) addProblem(answers, operation, 'payload_too_large');
  for (const code of codes) addProblem(answers, operation, code);
  return answers;
}

function addProblem(answers: Record<string, unknown>, operation: Operation, code: ProblemCode): void {
  const { status } = PROBLEMS[code];
  const known = answers[status] as { description: string } | undefined;
  const codes = [...new Set([...(known?.description.split(', ') ?? []), `\`${code}\``])].join(', ');
  const compatible = status === 422 ? ValidationProblemOut : CompatibleProblemOut;
  answers[status] = described(isCompatiblePath(operation.path) ? compatible : ProblemOut, codes);
}

function described(shape: TSchema, description: string): unknown {
  return { description, content: { [mediaTypeOf(shape)]: { schema: shape } } };
}

/** Answers that are no JSON say what they are. */
function mediaTypeOf(shape: TSchema): string {
  return (shape as { readonly 'x-media-type'?: string })['x-media-type'] ?? 'application/json';
}

/**
 * Moves schemas with a title to `components.schemas` and problem answers to `components.responses`: every operation
 * repeats them. All of one name are equal; the first is kept.
 */
function hoistShared(document: JsonObject): JsonObject {
  const schemas: Record<string, Json> = {};
  const responses: Record<string, Json> = {};
  const walk = (node: Json): Json => {
    if (Array.isArray(node)) return node.map(walk);
    if (node === null || typeof node !== 'object') return node;
    const entries = Object.entries(node as JsonObject).map(([name, value]) => [name, walk(value)] as const);
    const walked = Object.fromEntries(entries) as JsonObject;
    const { title, type, description } = walked;
    if (typeof title === 'string' && typeof type === 'string') {
      schemas[title] ??= walked;
      return { $ref: `#/components/schemas/${title}` };
    }
    if (typeof description !== 'string' || !CODES.test(description) || walked.content === undefined)
      return walked;
    const name = `${isCompatibleBody(walked) ? 'compatible' : 'full'}.${nameOfCodes(description)}`;
    responses[name] ??= walked;
    return { $ref: `#/components/responses/${name}` };
  };
  const paths = walk(document.paths ?? {});
  const components = document.components as JsonObject;
  return {
    ...document,
    paths,
    components: { ...components, responses: sorted(responses), schemas: sorted(schemas) },
  };
}

/** The description of a problem answer lists its codes: `a`, `b`. */
const CODES = /^`[^`]+`(, `[^`]+`)*$/;

function nameOfCodes(description: string): string {
  return description.replaceAll('`', '').replaceAll(', ', '.').replaceAll(' ', '_');
}

function isCompatibleBody(answer: JsonObject): boolean {
  return !JSON.stringify(answer).includes('/schemas/Problem"');
}

function sorted(members: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1)));
}
