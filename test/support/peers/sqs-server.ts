/**
 * SQS in this process, by its JSON protocol: it checks each signature (Signature Version 4, written from Amazon's
 * description, not with the library under test), hides what it gives out, and keeps the groups of a FIFO queue in order.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const SQS_KEYS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'sqs-secret',
  sessionToken: 'session',
};
const REGION = 'eu-west-1';
const ACCOUNT = '123456789012';

export interface SqsServer {
  readonly queueUrl: string;
  /** Every accepted call, in order. */
  readonly calls: { readonly action: string; readonly body: Readonly<Record<string, unknown>> }[];
  send(body: string, more?: SentMore): string;
  /** Not deleted yet. */
  count(): number;
  /** From now on every call is answered so; null = as it should be. */
  answerWith(answer: { readonly status: number; readonly body: string } | null): void;
  [Symbol.asyncDispose](): Promise<void>;
}

interface SentMore {
  readonly group?: string;
  readonly attributes?: Readonly<Record<string, object>>;
}

interface Kept {
  readonly id: string;
  readonly body: string;
  readonly more: SentMore;
  handle: string;
  visibleAt: number;
  receives: number;
}

export async function startSqsServer(): Promise<SqsServer> {
  const kept: Kept[] = [];
  const calls: SqsServer['calls'] = [];
  let sent = 0;
  let answer: { status: number; body: string } | null = null;
  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const reply = answer ?? (await handle(request, bytes));
    response.writeHead(reply.status, { 'content-type': 'application/x-amz-json-1.0' }).end(reply.body);
  });
  const handle = async (request: IncomingMessage, bytes: Buffer) => {
    const wrong = wrongRequest(request, bytes);
    if (wrong) return refused(403, 'InvalidSignatureException', wrong);
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    const body = JSON.parse(bytes.toString());
    if (body.QueueUrl !== queueUrl()) return refused(400, 'QueueDoesNotExist', 'The queue does not exist.');
    calls.push({ action, body });
    const done = ACTIONS[action];
    return done
      ? { status: 200, body: JSON.stringify(await done(kept, body, () => request.socket.destroyed)) }
      : refused(400, 'InvalidAction', action);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const queueUrl = () => `http://127.0.0.1:${port}/${ACCOUNT}/orders`;
  return {
    queueUrl: queueUrl(),
    calls,
    send(body, more = {}) {
      const id = `00000000-0000-4000-8000-${String(++sent).padStart(12, '0')}`;
      kept.push({ id, body, more, handle: '', visibleAt: 0, receives: 0 });
      return id;
    },
    count: () => kept.length,
    answerWith(next) {
      answer = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Body = Readonly<Record<string, unknown>>;
type Act = (kept: Kept[], body: Body, isGone: () => boolean) => Promise<object> | object;
const ACTIONS: Readonly<Record<string, Act>> = {
  async ReceiveMessage(kept, body, isGone) {
    const until = Date.now() + Number(body.WaitTimeSeconds) * 1000;
    for (;;) {
      const given = give(kept, Number(body.MaxNumberOfMessages), Number(body.VisibilityTimeout));
      if (given.length > 0) return { Messages: given.map(shown) };
      if (Date.now() >= until || isGone()) return {};
      await sleep(20);
    }
  },
  DeleteMessageBatch(kept, body) {
    for (const { ReceiptHandle } of body.Entries as { ReceiptHandle: string }[]) {
      const at = kept.findIndex(({ handle }) => handle === ReceiptHandle);
      if (at >= 0) kept.splice(at, 1);
    }
    return { Successful: (body.Entries as { Id: string }[]).map(({ Id }) => ({ Id })), Failed: [] };
  },
  ChangeMessageVisibility(kept, body) {
    const one = kept.find(({ handle }) => handle === body.ReceiptHandle);
    if (one) one.visibleAt = Date.now() + Number(body.VisibilityTimeout) * 1000;
    return {};
  },
};

function give(kept: Kept[], count: number, hiddenSeconds: number): Kept[] {
  const now = Date.now();
  const busy = new Set(kept.filter(({ visibleAt }) => visibleAt > now).map(({ more }) => more.group));
  const given = kept
    .filter(({ visibleAt, more }) => visibleAt <= now && !(more.group !== undefined && busy.has(more.group)))
    .slice(0, count);
  for (const one of given) {
    one.visibleAt = now + hiddenSeconds * 1000;
    one.receives++;
    one.handle = `${one.id}#${one.receives}`;
  }
  return given;
}

function shown({ id, body, handle, receives, more }: Kept): object {
  return {
    MessageId: id,
    ReceiptHandle: handle,
    MD5OfBody: createHash('md5').update(body).digest('hex'),
    Body: body,
    Attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: '1900000000000',
      ...(more.group !== undefined && { MessageGroupId: more.group, SequenceNumber: '18850000000000000000' }),
    },
    ...(more.attributes && { MessageAttributes: more.attributes }),
  };
}

const refused = (status: number, type: string, message: string) => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message }),
});

/** What is wrong with the request; null = nothing. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function wrongRequest({ method, url, headers }: IncomingMessage, body: Buffer): string | null {
  if (method !== 'POST' || url !== '/') return 'POST to /.';
  if (headers['content-type'] !== 'application/x-amz-json-1.0') return 'The content type is wrong.';
  if (headers['x-amz-security-token'] !== SQS_KEYS.sessionToken) return 'The session token is wrong.';
  const date = String(headers['x-amz-date']);
  const stated = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)?.slice(1).map(Number);
  if (!stated) return 'The date is malformed.';
  const [year, month, day, hour, minute, second] = stated as [number, number, number, number, number, number];
  if (Math.abs(Date.UTC(year, month - 1, day, hour, minute, second) - Date.now()) > 300_000)
    return 'The date is too far away.';
  const scope = `${date.slice(0, 8)}/${REGION}/sqs/aws4_request`;
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, keyId, statedScope, names = '', signature] = pattern.exec(headers.authorization ?? '') ?? [];
  if (keyId !== SQS_KEYS.accessKeyId || statedScope !== scope) return 'The credential is wrong.';
  const signedNames = names.split(';');
  for (const must of ['host', 'x-amz-date', 'x-amz-target', 'x-amz-security-token'])
    if (!signedNames.includes(must)) return `${must} is not signed.`;
  const lines = signedNames.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const canonical = ['POST', '/', '', lines, names, sha256(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const parts = [date.slice(0, 8), REGION, 'sqs', 'aws4_request'];
  const key = parts.reduce<string | Buffer>(hmac, `AWS4${SQS_KEYS.secretAccessKey}`);
  return hmac(key, toSign).toString('hex') === signature
    ? null
    : 'The request signature we calculated does not match the signature you provided.';
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
