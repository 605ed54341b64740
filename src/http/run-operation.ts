/**
 * One request of an operation:
 *
 *   authenticate -> authorize -> read query and body -> kept answer? -> handle -> answer
 *                                                            ^------------'  again (<= 5 times) when `commit` says stale
 *
 * Publishing passes through here, so a known token must cost no promise, and nothing is made that is not used.
 */
import type { TSchema } from 'typebox';
import type { Principal } from '../core/access/access.ts';
import type { OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Edit, Engine, IdempotencyKey, Reply } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';
import type { Log } from '../ports/log.ts';
import type { Storage } from '../ports/storage.ts';
import type { Authenticator } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { shapeCheck } from './check-shape.ts';
import type { Call, Operation } from './define-operation.ts';
import type { HttpSettings } from './http-settings.ts';
import { findKeptAnswer, idempotencyKey } from './idempotency.ts';
import { parseJson } from './parse-json.ts';
import { type QueryText, queryReader } from './read-query.ts';

/** Times that a handler decides anew because somebody else wrote first. */
const STALE_RUNS_MAX = 5;

export interface ServerParts {
  readonly engine: Engine;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  readonly settings: HttpSettings;
}

/** A request as the server hands it over. */
export interface Incoming {
  /** Path and query string. */
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryText;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly raw: Buffer;
  /** Who asks, set as soon as it is known: a refusal is logged with it, too. */
  principal: Principal | null;
}

export type RunOperation = (incoming: Incoming) => Promise<Reply>;

/** Public operations see this principal: no one. */
const NOBODY: Principal = {
  kind: 'user',
  organization: '' as OrganizationId,
  applicationId: null,
  role: 'viewer',
  scopes: [],
  actorId: 'anonymous',
  featureFlags: [],
};

/** Thrown by `call.commit` and caught by the loop below: the handler must decide again. */
const STALE = Symbol('stale');

export function operationRunner(
  operation: Operation,
  parts: ServerParts,
  authenticator: Authenticator,
): RunOperation {
  const readInput = inputReader(operation);
  const { needs } = operation;
  const method = operation.method;
  return async function run(incoming) {
    let principal = NOBODY;
    if (needs !== 'public') {
      const known = authenticator.authenticate(incoming.headers.authorization);
      principal = known instanceof Promise ? await known : known;
      incoming.principal = principal;
      const allowed = authorize(principal, needs, {
        params: incoming.params,
        directory: parts.engine.directory,
      });
      if (allowed instanceof Promise) await allowed;
    }
    const { organization } = principal;
    const { raw, url } = incoming;
    const idempotency =
      method === 'POST' && needs !== 'public' && operation.isSecret !== true
        ? idempotencyKey(incoming.headers['idempotency-key'], { organization, method, url, raw })
        : null;
    const call: Call = {
      principal,
      organization,
      params: incoming.params,
      ...readInput(incoming),
      raw,
      headers: incoming.headers,
      idempotency,
      engine: parts.engine,
      storage: parts.storage,
      clock: parts.clock,
      dice: parts.dice,
      settings: parts.settings,
      commit: (action, edits, reply) =>
        commit({ action, edits, reply, principal, idempotency }, parts, authenticator),
    };
    return answer(operation, call, parts);
  };
}

interface Input {
  readonly query: unknown;
  readonly body: unknown;
}

function inputReader(operation: Operation): (incoming: Incoming) => Input {
  const readQuery = queryOf(operation.query);
  const isJson = operation.body !== undefined && operation.reads !== 'raw';
  const checkBody = isJson ? shapeCheck(operation.body!, 'body') : null;
  return (incoming) => {
    const query = readQuery(incoming.query);
    if (checkBody === null) return { query, body: undefined };
    const body = parseJson(incoming.raw);
    checkBody(body);
    return { query, body };
  };
}

function queryOf(shape: TSchema | undefined): (query: QueryText) => unknown {
  if (shape === undefined) return () => EMPTY_QUERY;
  const read = queryReader(shape);
  const check = shapeCheck(shape, 'query');
  return (query) => {
    const values = read(query);
    check(values);
    return values;
  };
}
const EMPTY_QUERY = Object.freeze({});

/**
 * A kept answer is looked up first. Not so on raw routes, whose one write finds it in its own transaction (publishing
 * would pay a read per event): there it is looked up only when the handler refuses, which it may do because the first
 * call succeeded.
 */
async function answer(operation: Operation, call: Call, parts: ServerParts): Promise<Reply> {
  const { idempotency } = call;
  if (idempotency === null) return handle(operation, call);
  if (operation.reads !== 'raw') {
    return (await findKeptAnswer(idempotency, call.organization, parts)) ?? handle(operation, call);
  }
  try {
    return await handle(operation, call);
  } catch (error) {
    if (!(error instanceof Problem) || error.code === 'idempotency_key_reused') throw error;
    const kept = await findKeptAnswer(idempotency, call.organization, parts);
    if (kept === null) throw error;
    return kept;
  }
}

async function handle(operation: Operation, call: Call): Promise<Reply> {
  for (let run = 1; run <= STALE_RUNS_MAX; run++) {
    try {
      return await operation.handle(call);
    } catch (error) {
      if (error !== STALE) throw error;
    }
  }
  throw new Problem(
    'conflict',
    'Others keep changing the same resource. Read it again and repeat your change.',
  );
}

interface Commit {
  readonly action: string;
  readonly edits: readonly Edit[];
  readonly reply: Reply;
  readonly principal: Principal;
  readonly idempotency: IdempotencyKey | null;
}

/** Keys that are confined to an application end with it. */
function endsKeys(edit: Edit): boolean {
  return edit.kind === 'api-key' || (edit.kind === 'application' && edit.after === null);
}

async function commit(request: Commit, parts: ServerParts, authenticator: Authenticator): Promise<Reply> {
  const result = await parts.engine.commit({ organization: request.principal.organization, ...request });
  if (result.kind === 'stale') throw STALE;
  if (request.edits.some(endsKeys)) authenticator.forgetApiKeys();
  return result.reply;
}
