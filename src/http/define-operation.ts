/**
 * One operation = one file in operations/<resource>/<verb>.ts = one `defineOperation` = one line in
 * operations/index.ts. From it come the route, validation, authorization, problem answers, OpenAPI and the client's
 * types. A handler reads, decides, and ends in one `commit` (or none), so that it may be run again when stale.
 */
import type { Static, TSchema } from 'typebox';
import type { Need, Principal } from '../core/access/access.ts';
import type { OrganizationId } from '../core/ids.ts';
import type { ProblemCode } from '../core/problem.ts';
import type { Edit, Engine, IdempotencyKey, Reply } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';
import type { Storage } from '../ports/storage.ts';
import type { HttpSettings } from './http-settings.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Operation<Query extends TSchema = TSchema, Body extends TSchema = TSchema> {
  /** `application.create`: unique, also the OpenAPI operationId. */
  readonly id: string;
  readonly method: Method;
  /** With `{name}` parameters: `/api/v1/app/{app_id}`. A trailing slash is accepted everywhere. */
  readonly path: string;
  /** Resource heading in the docs. */
  readonly tag: string;
  /** One line; `description` says more. */
  readonly summary: string;
  readonly description?: string;
  /** Who may call it; `public` needs no token. */
  readonly needs: Need | 'public';
  /** Shapes of the query and of the JSON body. Unknown members are ignored, as the compatible API does. */
  readonly query?: Query;
  readonly body?: Body;
  /**
   * `raw`: the handler reads `call.raw` itself; `body` then only documents the shape. Its one write must carry the
   * idempotency key, because a kept answer is then not looked up first.
   */
  readonly reads?: 'json' | 'raw';
  /** The answer holds a secret: it is not kept for the Idempotency-Key, so a repeated call makes another one. */
  readonly isSecret?: boolean;
  /** Success answers by status; null = empty. */
  readonly replies: Readonly<Record<number, TSchema | null>>;
  /** Beyond the ones any operation may answer (401, 403, 404 of path ids, 413, 422, 429, 503). */
  readonly problems: readonly ProblemCode[];
  /** Served but not in the OpenAPI document. */
  readonly hidden?: boolean;
  handle(call: Call<Static<Query>, Static<Body>>): Promise<Reply> | Reply;
}

/** What a handler gets. Everything in it is checked against the operation's shapes and needs. */
export interface Call<Query = unknown, Body = unknown> {
  readonly principal: Principal;
  readonly organization: OrganizationId;
  /** Path parameters, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The request's bytes as they came. */
  readonly raw: Uint8Array;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly idempotency: IdempotencyKey | null;
  readonly engine: Engine;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly settings: HttpSettings;
  /** Writes the edits and gives the answer to return (the kept one when the idempotency key was used before). */
  commit(action: string, edits: readonly Edit[], reply: Reply): Promise<Reply>;
}

export function defineOperation<const Query extends TSchema, const Body extends TSchema>(
  operation: Operation<Query, Body>,
): Operation {
  // Handlers are checked against their own shapes here; the list forgets them, since run-operation has validated.
  return operation as unknown as Operation;
}
