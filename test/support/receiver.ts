/** Somebody's webhook URL: a real HTTP server on loopback that records what comes and answers by a script. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  /** Path and query string. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** name, value, name, value, … in the case that was sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly at: number;
}

/** A status, or more. `hang`: never answers. */
export type ScriptedAnswer =
  | number
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      readonly delayMs?: number;
      /** Answered when this has resolved. */
      readonly after?: Promise<void>;
      readonly hang?: boolean;
    };

export interface TestReceiver {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly requests: readonly Received[];
  /** Answers of the next requests, in order; the last one repeats. A function sees each request. */
  answer(...script: (ScriptedAnswer | ((request: Received) => ScriptedAnswer))[]): void;
  /** Resolves when that many requests have come; rejects after the deadline, saying how many did. */
  waitFor(count: number, deadlineMs?: number): Promise<readonly Received[]>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const WAIT_DEADLINE_MS = 5_000;

type Script = (ScriptedAnswer | ((request: Received) => ScriptedAnswer))[];

export async function startReceiver(): Promise<TestReceiver> {
  const requests: Received[] = [];
  const waiting = new Set<() => void>();
  let script: Script = [200];
  const server = createServer((request, response) => {
    void readRequest(request).then((received) => {
      requests.push(received);
      const next = script.length > 1 ? script.shift()! : script[0]!;
      respond(response, typeof next === 'function' ? next(received) : next);
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (...next) => {
      script = next;
    },
    waitFor: (count, deadlineMs = WAIT_DEADLINE_MS) => waitFor({ count, deadlineMs, requests, waiting }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function readRequest(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers as Record<string, string | undefined>,
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(parts),
    at: Date.now(),
  };
}

function respond(response: ServerResponse, scripted: ScriptedAnswer): void {
  const answer = typeof scripted === 'number' ? { status: scripted } : scripted;
  if (answer.hang === true) return;
  const write = (): void => {
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body ?? '');
  };
  if (answer.after !== undefined) void answer.after.then(write);
  else if (answer.delayMs === undefined) write();
  else setTimeout(write, answer.delayMs);
}

function waitFor(options: {
  readonly count: number;
  readonly deadlineMs: number;
  readonly requests: readonly Received[];
  readonly waiting: Set<() => void>;
}): Promise<readonly Received[]> {
  const { count, deadlineMs, requests, waiting } = options;
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      waiting.delete(look);
      clearTimeout(deadline);
      finish();
    };
    const look = (): void => {
      if (requests.length >= count) settle(() => resolve([...requests]));
    };
    const deadline = setTimeout(
      () =>
        settle(() =>
          reject(new Error(`${requests.length} of ${count} requests came within ${deadlineMs} ms`)),
        ),
      deadlineMs,
    );
    waiting.add(look);
    look();
  });
}
