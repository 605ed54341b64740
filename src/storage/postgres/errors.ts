/** What the database's errors mean. https://www.postgresql.org/docs/current/errcodes-appendix.html */
import pg from 'pg';
import { Problem } from '../../core/problem.ts';
import { RETRY_AFTER_SECONDS } from '../sql/limits.ts';
import { type RefusalCode, StorageRefused } from '../sql/refused.ts';

/** A batch was refused because somebody was there first: run it again carefully (functions/write.ts). */
export const CLAIMED_MEANWHILE = 'PH001';
/** A batch names a lane whose row was pruned: look its number up again. */
export const LANE_GONE = 'PH002';
/** Of a row that no partition takes. */
export const CHECK_VIOLATION = '23514';
export const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';

const TRANSIENT = new Set(['40001', '40P01']);
/** Of the socket: the database is away, or on its way back. */
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Connection exceptions, resources, operator intervention, system errors; and a server that turned read-only. */
const LOST_CLASSES = new Set(['08', '53', '57', '58', 'XX']);
const LOST_CODES = new Set([
  '25006',
  LOCK_NOT_AVAILABLE,
  '25P03',
  '40001',
  '40P01',
  '28P01',
  '28000',
  '3D000',
]);
/** What `pg` says without a code. */
const LOST_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered|Query read timeout|timeout expired/;
/** After these the server has closed the connection, or is the primary no more: a new one may find who is. */
const FATAL_CLASSES = ['08', '57P', '25P03', '25006', 'XX'];

export function sqlState(cause: unknown): string | undefined {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Run the same transaction again: it was chosen to give way to another. */
export function isTransient(cause: unknown): boolean {
  return TRANSIENT.has(sqlState(cause) ?? '');
}

/** The connection cannot be used again: it is closed, or still works on what nobody waits for. */
export function breaksConnection(cause: unknown): boolean {
  const code = sqlState(cause) ?? '';
  if (cause instanceof pg.DatabaseError) return FATAL_CLASSES.some((each) => code.startsWith(each));
  return SOCKET_CODES.has(code) || (cause instanceof Error && LOST_MESSAGES.test(cause.message));
}

/** The Problem for callers when the database could not take it and may later; undefined = a bug. */
export function lostStore(cause: unknown): Problem | undefined {
  if (cause instanceof Problem) return cause;
  const code = sqlState(cause) ?? '';
  const isLost = breaksConnection(cause) || LOST_CLASSES.has(code.slice(0, 2)) || LOST_CODES.has(code);
  if (!isLost) return undefined;
  const detail =
    code === QUERY_CANCELED
      ? 'The database took too long; ask for less, or try again shortly.'
      : 'The database cannot take this now; try again shortly.';
  return new Problem('unavailable', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

const REFUSALS: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  '28P01': ['login-refused', 'check the user and the password in POSTHORN_DATABASE_URL.'],
  '28000': ['login-refused', 'check the user in POSTHORN_DATABASE_URL, and pg_hba.conf of the server.'],
  '3D000': ['not-found', 'create the database, or name another in POSTHORN_DATABASE_URL.'],
  '42501': ['missing-right', 'let an administrator grant that right to the user of POSTHORN_DATABASE_URL.'],
  '25006': ['read-only', 'POSTHORN_DATABASE_URL must name the primary.'],
  '53300': ['unreachable', 'raise max_connections, or lower POSTHORN_DATABASE_POOL.'],
};
const UNREACHABLE = [
  'unreachable',
  'check that it runs, and the host and port in POSTHORN_DATABASE_URL.',
] as const;

/** The same while opening, with the server's own words; what says nothing about the database is passed on as it is. */
export function refusalOf(cause: unknown, place: string): unknown {
  const known = REFUSALS[sqlState(cause) ?? ''];
  const said = cause instanceof Error ? cause.message || sqlState(cause) : String(cause);
  if (known !== undefined) return new StorageRefused(known[0], `${place}: ${said}; ${known[1]}`, cause);
  if (lostStore(cause) === undefined) return cause;
  return new StorageRefused(UNREACHABLE[0], `${place} does not answer (${said}); ${UNREACHABLE[1]}`, cause);
}
