/**
 * A WebSub hub (W3C Recommendation, 2018-01-23) on loopback: it takes subscriptions, verifies that they are meant,
 * distributes signed content, and forgets who does not renew.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Subscriber {
  readonly callback: string;
  readonly topic: string;
  readonly secret: string | null;
  readonly leaseUntil: number;
}

export interface WebsubHub extends AsyncDisposable {
  readonly url: string;
  /** Forms that came, in order. */
  readonly asked: Readonly<Record<string, string>>[];
  readonly subscribers: readonly Subscriber[];
  /** Of the subscriber's answers to the hub's calls. */
  readonly answers: { readonly status: number; readonly body: string }[];
  /** Granted, whatever is asked for; null = what is asked for. */
  leaseSeconds: number | null;
  /** `silent`: takes the request and never asks back. */
  mood: 'kind' | 'silent' | { readonly status: number; readonly body?: string; readonly location?: string };
  algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** Sends content to all whose lease runs, signed; resolves to the statuses. */
  publish(topic: string, content: string, contentType?: string): Promise<readonly number[]>;
  deny(topic: string, reason: string): Promise<void>;
}

export interface WebsubHubOptions {
  readonly now?: () => number;
}

export async function startWebsubHub({ now = Date.now }: WebsubHubOptions = {}): Promise<WebsubHub> {
  const subscribers = new Map<string, Subscriber>();
  const server = createServer((request, response) => {
    void formOf(request).then(async (form) => {
      hub.asked.push(form);
      if (typeof hub.mood === 'object') {
        const { status, body = '', location } = hub.mood;
        response.writeHead(status, location === undefined ? {} : { location }).end(body);
        return;
      }
      const wrong = faultOf(form);
      if (wrong !== null) return void response.writeHead(400, { 'content-type': 'text/plain' }).end(wrong);
      response.writeHead(202).end();
      if (hub.mood === 'kind') await verify(hub, { form, subscribers, now });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: WebsubHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub`,
    asked: [],
    answers: [],
    leaseSeconds: null,
    mood: 'kind',
    algorithm: 'sha256',
    get subscribers() {
      return [...subscribers.values()];
    },
    async publish(topic, content, contentType = 'application/atom+xml') {
      const due = hub.subscribers.filter((one) => one.topic === topic && now() < one.leaseUntil);
      return Promise.all(due.map((one) => distribute(hub, one, { content, contentType })));
    },
    async deny(topic, reason) {
      for (const [key, one] of [...subscribers])
        if (one.topic === topic) {
          subscribers.delete(key);
          await call(hub, one.callback, { 'hub.mode': 'denied', 'hub.topic': topic, 'hub.reason': reason });
        }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
}

async function formOf(request: IncomingMessage): Promise<Record<string, string>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
}

/** §5.1: what a request must hold. */
function faultOf(form: Readonly<Record<string, string>>): string | null {
  const { 'hub.callback': callback, 'hub.mode': mode, 'hub.topic': topic, 'hub.secret': secret } = form;
  if (callback === undefined || !URL.canParse(callback)) return 'hub.callback is missing';
  if (mode !== 'subscribe' && mode !== 'unsubscribe') return 'hub.mode is wrong';
  if (topic === undefined) return 'hub.topic is missing';
  return secret !== undefined && secret.length >= 200 ? 'hub.secret is too long' : null;
}

interface Verifying {
  readonly form: Readonly<Record<string, string>>;
  readonly subscribers: Map<string, Subscriber>;
  readonly now: () => number;
}

/** §5.3: the subscriber must echo the challenge. */
async function verify(hub: WebsubHub, { form, subscribers, now }: Verifying): Promise<void> {
  const callback = form['hub.callback']!;
  const topic = form['hub.topic']!;
  const seconds = hub.leaseSeconds ?? Number(form['hub.lease_seconds'] ?? 864_000);
  const challenge = randomBytes(16).toString('hex');
  const { status, body } = await call(hub, callback, {
    'hub.mode': form['hub.mode']!,
    'hub.topic': topic,
    'hub.challenge': challenge,
    'hub.lease_seconds': String(seconds),
  });
  if (status < 200 || status > 299 || body !== challenge) return;
  const key = `${callback} ${topic}`;
  if (form['hub.mode'] === 'unsubscribe') subscribers.delete(key);
  else
    subscribers.set(key, {
      callback,
      topic,
      secret: form['hub.secret'] ?? null,
      leaseUntil: now() + seconds * 1000,
    });
}

async function call(
  hub: WebsubHub,
  callback: string,
  query: Readonly<Record<string, string>>,
): Promise<{ status: number; body: string }> {
  const url = new URL(callback);
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  const response = await fetch(url);
  const answer = { status: response.status, body: await response.text() };
  hub.answers.push(answer);
  return answer;
}

/** §7: the content as it is, with the hub and the topic as links, and the signature of §7.1. */
async function distribute(
  hub: WebsubHub,
  { callback, topic, secret }: Subscriber,
  { content, contentType }: { readonly content: string; readonly contentType: string },
): Promise<number> {
  const signature = secret === null ? null : createHmac(hub.algorithm, secret).update(content).digest('hex');
  const response = await fetch(callback, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      link: `<${hub.url}>; rel="hub", <${topic}>; rel="self"`,
      ...(signature === null ? {} : { 'x-hub-signature': `${hub.algorithm}=${signature}` }),
    },
    body: content,
  });
  return response.status;
}
