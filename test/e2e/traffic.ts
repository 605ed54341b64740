/**
 * Publishers, receivers and the books between them: every event that a node answered with 202 must arrive at each
 * endpoint of its application. Publishers use any node and go on at the next one when theirs fails. Those of ordered
 * events have a key each, and publish an event only after the one before it was answered.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from './cluster.ts';

export interface TrafficOptions {
  /** Of the nodes. */
  readonly urls: readonly string[];
  readonly token: string;
  /** Applications, each with two endpoints: enough that every node holds some. */
  readonly applications: number;
  readonly publishers: number;
  /** Publishers of ordered events, all to one endpoint. */
  readonly keys: number;
  /** Between two events of a publisher. */
  readonly pauseMs: number;
  /** Of deliveries that the receiver answers with 500. */
  readonly refusedShare?: number;
}

/** Of events; `lost` and `duplicated` of deliveries. */
export interface Balance {
  readonly accepted: number;
  readonly arrived: number;
  readonly lost: readonly string[];
  /** Keys of which an acknowledged event came after a later one, with the numbers. */
  readonly outOfOrder: readonly string[];
  readonly duplicated: number;
  /** Deliveries that came more than LATE_MS after the 202. */
  readonly late: number;
  readonly longestWaitMs: number;
  /** Answers to publishers by status; 0 = there was none. */
  readonly answers: Readonly<Record<number, number>>;
}

export interface Traffic extends AsyncDisposable {
  /** Events acknowledged so far. */
  readonly accepted: number;
  /** Ends the publishers, then waits until all has arrived, at most so long. */
  finish(withinMs: number): Promise<Balance>;
}

export const LATE_MS = 5_000;
const ENDPOINTS_PER_APPLICATION = 2;
const ANSWER_MS_MAX = 8_000;
const RETRY_PAUSE_MS = 50;
/** Applications of one run are its own. */
let runs = 0;

interface Accepted {
  readonly at: number;
  readonly paths: readonly string[];
}

class Books {
  readonly accepted = new Map<string, Accepted>();
  /** Of `path id`. */
  readonly arrivals = new Map<string, { readonly at: number; count: number }>();
  /** Numbers of each key in the order in which they came first. */
  readonly ordered = new Map<string, number[]>();
  readonly acknowledged = new Map<string, Set<number>>();
  readonly answers: Record<number, number> = {};

  arrive(path: string, id: string, payload: { key?: string; n: number }): void {
    const name = `${path} ${id}`;
    const before = this.arrivals.get(name);
    if (before) {
      before.count++;
      return;
    }
    this.arrivals.set(name, { at: Date.now(), count: 1 });
    if (payload.key !== undefined) listOf(this.ordered, payload.key).push(payload.n);
  }

  missing(): string[] {
    return [...this.accepted].flatMap(([id, { paths }]) =>
      paths.map((path) => `${path} ${id}`).filter((name) => !this.arrivals.has(name)),
    );
  }

  balance(): Balance {
    const lost = this.missing();
    const waits = [...this.accepted].flatMap(([id, { at, paths }]) =>
      paths.map((path) => (this.arrivals.get(`${path} ${id}`)?.at ?? at) - at),
    );
    return {
      accepted: this.accepted.size,
      arrived: this.accepted.size - new Set(lost.map((name) => name.split(' ')[1])).size,
      lost,
      outOfOrder: this.#outOfOrder(),
      duplicated: [...this.arrivals.values()].reduce((total, { count }) => total + count - 1, 0),
      late: waits.filter((wait) => wait > LATE_MS).length,
      longestWaitMs: waits.reduce((longest, wait) => Math.max(longest, wait), 0),
      answers: this.answers,
    };
  }

  /** One that nobody acknowledged may have been accepted at any time, or never: it has no place in the order. */
  #outOfOrder(): string[] {
    return [...this.ordered].flatMap(([key, numbers]) => {
      const known = numbers.filter((n) => this.acknowledged.get(key)?.has(n));
      const at = known.findIndex((n, index) => index > 0 && n < known[index - 1]!);
      return at < 0 ? [] : [`${key}: ${known[at]} after ${known[at - 1]}`];
    });
  }
}

function listOf<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const books = new Books();
  const receiver = await startReceiver(books, options.refusedShare ?? 0);
  const stop = new AbortController();
  const names = await prepare(options, receiver.url);
  const publishing = [
    ...Array.from({ length: options.publishers }, (_, n) =>
      publish(options, books, { names, n, signal: stop.signal }),
    ),
    ...Array.from({ length: options.keys }, (_, n) =>
      publish(options, books, { names, n, key: `key-${n}`, signal: stop.signal }),
    ),
  ];
  const end = async (): Promise<void> => {
    stop.abort();
    await Promise.all(publishing);
  };
  return {
    get accepted() {
      return books.accepted.size;
    },
    async finish(withinMs) {
      await end();
      const deadline = Date.now() + withinMs;
      while (books.missing().length > 0 && Date.now() < deadline) await sleep(100);
      return books.balance();
    },
    async [Symbol.asyncDispose]() {
      await end();
      await receiver.stop();
    },
  };
}

interface Names {
  /** Uids. */
  readonly applications: readonly string[];
  readonly ordered: string;
}

/** Of an application's endpoints. */
const pathsOf = (application: string, { ordered }: Names): string[] =>
  Array.from(
    { length: application === ordered ? 1 : ENDPOINTS_PER_APPLICATION },
    (_, n) => `/${application}/${n}`,
  );

async function prepare({ urls, token, applications }: TrafficOptions, target: string): Promise<Names> {
  const post = async (path: string, body: unknown): Promise<void> => {
    const answer = await request(urls[0]! + path, { method: 'POST', token, body });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const run = ++runs;
  const names: Names = {
    applications: Array.from({ length: applications }, (_, n) => `traffic-${run}-${n}`),
    ordered: `ordered-${run}`,
  };
  for (const uid of [...names.applications, names.ordered]) {
    await post('/api/v1/app', { name: uid, uid });
    const ordering = { scope: uid === names.ordered ? 'key' : 'none' };
    for (const path of pathsOf(uid, names))
      await post(`/api/v1/app/${uid}/endpoint`, { url: target + path, ordering });
  }
  return names;
}

/** Until stopped: publishes, and goes to the next node when this one does not take it. */
async function publish(
  { urls, token, pauseMs }: TrafficOptions,
  books: Books,
  { names, n: publisher, key, signal }: { names: Names; n: number; key?: string; signal: AbortSignal },
): Promise<void> {
  let node = publisher;
  for (let n = 0; !signal.aborted; n++) {
    const { applications, ordered } = names;
    const application = key === undefined ? applications[(publisher + n) % applications.length]! : ordered;
    const body = {
      eventType: 'chaos.test',
      payload: { publisher, n, ...(key === undefined ? {} : { key }) },
      ...(key === undefined ? {} : { orderingKey: key }),
    };
    const url = `${urls[node % urls.length]}/api/v1/app/${application}/msg`;
    const wait = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await request<{ id: string }>(url, { method: 'POST', token, body, signal: wait }).catch(
      () => null,
    );
    const status = answer?.status ?? 0;
    books.answers[status] = (books.answers[status] ?? 0) + 1;
    if (answer !== null && status === 202) {
      books.accepted.set(answer.body.id, { at: Date.now(), paths: pathsOf(application, names) });
      if (key !== undefined) {
        const acknowledged = books.acknowledged.get(key) ?? new Set();
        books.acknowledged.set(key, acknowledged.add(n));
      }
      // Each event at another node; one that answers is as good as any.
      node++;
      await sleep(pauseMs);
    } else {
      node++;
      await sleep(RETRY_PAUSE_MS);
    }
  }
}

async function startReceiver(books: Books, refusedShare: number) {
  const server = createServer((incoming, response) => void receive(incoming, response));
  const receive = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    try {
      for await (const chunk of incoming) text += chunk;
    } catch {
      return; // Its sender died while sending.
    }
    if (Math.random() < refusedShare) {
      response.writeHead(500).end();
      return;
    }
    books.arrive(incoming.url!, String(incoming.headers['webhook-id']), JSON.parse(text));
    response.writeHead(204).end();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
