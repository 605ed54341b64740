/**
 * The only writer of error bodies. Wire-compatible routes answer `{code, detail}`, and a 422 there is
 * `{detail: [{loc, msg, type}]}`; every other route answers RFC 9457's members too.
 */
import { type FieldError, PROBLEMS, Problem } from '../core/problem.ts';

/** Paths whose clients are written against the compatible API. */
const COMPATIBLE_PATHS =
  /^\/api\/v1\/(app|event-type|auth|background-task|operational-webhook|environment|stats|health)(\/|$|\?)/;

export interface ProblemContext {
  /** Path of the request. */
  readonly url: string;
  readonly requestId: string;
  readonly publicUrl: string;
}

export interface ProblemAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Seconds after which to come back when the refusal does not say. */
const RETRY_AFTER_DEFAULT_SECONDS = 1;

export function isCompatiblePath(url: string): boolean {
  return COMPATIBLE_PATHS.test(url);
}

export function renderProblem(problem: Problem, context: ProblemContext): ProblemAnswer {
  const status = problem.status;
  const headers: Record<string, string> = {};
  if (status === 429 || status === 503) {
    headers['retry-after'] = String(Math.ceil(problem.retryAfterSeconds ?? RETRY_AFTER_DEFAULT_SECONDS));
  }
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (isCompatiblePath(context.url)) {
    const body = JSON.stringify(compatibleBody(problem));
    return { status, contentType: 'application/json; charset=utf-8', headers, body };
  }
  const body = JSON.stringify(fullBody(problem, context));
  return { status, contentType: 'application/problem+json; charset=utf-8', headers, body };
}

/** What callers learn of a bug or a lost dependency: where to look in the log, and nothing else. */
export function unexpected(requestId: string): Problem {
  return new Problem(
    'server_error',
    `Something went wrong on our side. The log has it under the request id ${requestId}.`,
  );
}

function compatibleBody(problem: Problem): unknown {
  const { code, errors } = problem;
  if (problem.status !== 422 || (code !== 'validation' && errors.length === 0)) {
    return { code, detail: problem.message };
  }
  const named = errors.length > 0 ? errors : [wholeBody(problem)];
  return { detail: named.map((error) => ({ ...error, loc: error.loc.map(wirePart) })) };
}

function wholeBody(problem: Problem): FieldError {
  return { loc: ['body'], msg: problem.message, type: 'value_error' };
}

/** The compatible API writes list positions as "[0]". */
function wirePart(part: string | number): string {
  return typeof part === 'number' ? `[${part}]` : part;
}

function fullBody(problem: Problem, context: ProblemContext): unknown {
  return {
    code: problem.code,
    detail: problem.message,
    type: problemUrl(context.publicUrl, problem.code),
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    instance: context.requestId,
    errors: problem.errors.map((error) => ({ pointer: pointerOf(error), detail: error.msg })),
  };
}

function problemUrl(publicUrl: string, code: string): string {
  return `${publicUrl}/problems/${encodeURIComponent(code)}`;
}

/** `#/url` for a body's member (RFC 6901 in a URI fragment), the bare name for a query parameter. */
function pointerOf(error: FieldError): string {
  const [where, ...rest] = error.loc;
  if (where === 'query') return rest.join('.');
  return `#${rest.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}
