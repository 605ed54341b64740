/**
 * The crash test: publishers, and callers of a source, run at full speed while the server is killed with SIGKILL at
 * random moments. Every id that was answered with 202 must arrive; duplicates are counted, because delivery is at least
 * once.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, ServerProcess, temporaryFolder } from './command.ts';

export interface CrashOptions {
  readonly kills: number;
  readonly publishers: number;
  readonly onProgress: (line: string) => void;
}

export interface CrashReport {
  readonly accepted: number;
  readonly arrived: number;
  readonly lost: readonly string[];
  readonly duplicates: number;
  readonly kills: number;
}

/** Between a server that answers and its next kill. */
const LIFE_MS = [50, 700] as const;
const DRAIN_MS_MAX = 90_000;
/** Share of deliveries that the receiver refuses, so that retries are in the picture too. */
const REFUSED_SHARE = 0.05;

export async function crash(options: CrashOptions): Promise<CrashReport> {
  using folder = temporaryFolder();
  await using receiver = await startReceiver();
  await using server = new ServerProcess(await freePort(), {
    POSTHORN_DATA_DIR: folder.path,
    POSTHORN_RETRY_SCHEDULE: '[0.1, 0.2, 0.5, 1, 1, 2, 2, 5, 5, 5]',
    POSTHORN_LOG_LEVEL: 'silent',
  });
  await server.start();
  const token = await server.token();
  const source = await prepare(server.url, token, receiver.url);

  const accepted = new Set<string>();
  const stop = new AbortController();
  const publishers = Array.from({ length: options.publishers }, (_, n) =>
    publish({ url: server.url, token, source, n, accepted, signal: stop.signal }),
  );
  try {
    for (let kill = 1; kill <= options.kills; kill++) {
      await sleep(LIFE_MS[0] + Math.random() * (LIFE_MS[1] - LIFE_MS[0]));
      await server.end('SIGKILL');
      await server.start();
      options.onProgress(
        `kill ${kill}/${options.kills}: ${accepted.size} accepted, ${receiver.arrived.size} arrived`,
      );
    }
  } finally {
    stop.abort();
    await Promise.all(publishers);
  }
  const deadline = Date.now() + DRAIN_MS_MAX;
  const lost = (): string[] => [...accepted].filter((id) => !receiver.arrived.has(id));
  while (lost().length > 0 && Date.now() < deadline) await sleep(100);
  let duplicates = 0;
  for (const times of receiver.arrived.values()) duplicates += times - 1;
  return {
    accepted: accepted.size,
    arrived: receiver.arrived.size,
    lost: lost(),
    duplicates,
    kills: options.kills,
  };
}

/** The path of a source whose events go to the receiver, too. */
async function prepare(url: string, token: string, target: string): Promise<string> {
  const post = async (path: string, body: unknown): Promise<{ id: string; url: string }> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { id: string; url: string };
  };
  await post('/api/v1/app', { name: 'Crash', uid: 'crash' });
  await post('/api/v1/app/crash/endpoint', { url: target });
  const source = await post('/api/v1/source', { name: 'Crash' });
  const { id } = await post('/api/v1/destination', { url: target });
  await post('/api/v1/flow', { name: 'Crash', sources: [source.id], destinations: [id] });
  return new URL(source.url).pathname;
}

async function publish(options: {
  url: string;
  token: string;
  source: string;
  n: number;
  accepted: Set<string>;
  signal: AbortSignal;
}): Promise<void> {
  const { url, token, source, n, accepted, signal } = options;
  const path = n % 2 === 0 ? '/api/v1/app/crash/msg' : source;
  for (let count = 0; !signal.aborted; count++) {
    try {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ eventType: 'crash.test', payload: { publisher: n, count } }),
      });
      if (response.status === 202) accepted.add(((await response.json()) as { id: string }).id);
      else await response.arrayBuffer();
    } catch {
      await sleep(20); // The server is down: nothing was promised for this one.
    }
  }
}

async function startReceiver() {
  /** Successful arrivals by the id of the message or event. */
  const arrived = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (Math.random() < REFUSED_SHARE) {
        response.writeHead(500).end();
        return;
      }
      const id = String(request.headers['posthorn-event-id'] ?? request.headers['webhook-id']);
      arrived.set(id, (arrived.get(id) ?? 0) + 1);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    arrived,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
