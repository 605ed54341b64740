/** What the main thread and the storage threads say to each other. */
import { Problem, type ProblemCode } from '../../core/problem.ts';
import type { Settled, WriteOp } from '../sql/write-op.ts';
import type { PackedBatch } from './pack.ts';
import type { ReadName } from './reader.ts';

/** What a storage thread is started with. */
export interface ThreadData {
  readonly role: 'writer' | 'reader';
  readonly path: string;
  readonly walPagesMax: number;
}

/** To the writer. */
export interface BatchMessage {
  readonly batch: PackedBatch;
  readonly now: number;
}
/** From the writer: numbers of accepted events two by two, and everything that is not as usual by position. */
export type BatchReply =
  | { readonly numbers: readonly number[]; readonly odd: readonly (readonly [number, OddResult])[] }
  | { readonly failed: SentError };
type OddResult = { readonly value: unknown } | { readonly failed: SentError };

/** To a reader. */
export interface ReadMessage {
  readonly name: ReadName;
  readonly query: unknown;
  readonly now: number;
  readonly deadlineMs: number;
}
export type ReadReply = { readonly value: unknown } | { readonly failed: SentError };

/** Classes do not survive the way between threads. */
export type SentError =
  | {
      readonly problem: ProblemCode;
      readonly detail: string;
      readonly retryAfterSeconds: number | undefined;
      readonly cause: unknown;
    }
  | { readonly bug: unknown };

export function sendError(error: unknown): SentError {
  if (!(error instanceof Problem)) return { bug: error };
  const { code, message, retryAfterSeconds, cause } = error;
  return { problem: code, detail: message, retryAfterSeconds, cause };
}

export function receiveError(sent: SentError): unknown {
  if ('bug' in sent) return sent.bug;
  const { retryAfterSeconds, cause } = sent;
  return new Problem(sent.problem, sent.detail, {
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** An accepted event is two numbers; a recorded attempt is nothing. */
export function packSettled(ops: readonly WriteOp[], settled: readonly Settled[]): BatchReply {
  const numbers: number[] = [];
  const odd: [number, OddResult][] = [];
  for (let i = 0; i < ops.length; i++) {
    const each = settled[i]!;
    if ('error' in each) {
      odd.push([i, { failed: sendError(each.error) }]);
    } else if (ops[i]!.kind === 'accept' && isAccepted(each.value)) {
      numbers.push(i, each.value.seq, each.value.catalogVersion);
    } else if (each.value !== undefined) {
      odd.push([i, { value: each.value }]);
    }
  }
  return { numbers, odd };
}

function isAccepted(value: unknown): value is { kind: 'accepted'; seq: number; catalogVersion: number } {
  return (value as { kind: string }).kind === 'accepted';
}

const NOTHING: Settled = { value: undefined };

/** Throws what the whole batch was refused with. */
export function unpackSettled(count: number, reply: BatchReply): readonly Settled[] {
  if ('failed' in reply) throw receiveError(reply.failed);
  const settled: Settled[] = new Array<Settled>(count).fill(NOTHING);
  const { numbers, odd } = reply;
  for (let at = 0; at < numbers.length; at += 3) {
    settled[numbers[at]!] = {
      value: { kind: 'accepted', seq: numbers[at + 1]!, catalogVersion: numbers[at + 2]! },
    };
  }
  for (const [i, result] of odd) {
    settled[i] = 'failed' in result ? { error: receiveError(result.failed) } : result;
  }
  return settled;
}
