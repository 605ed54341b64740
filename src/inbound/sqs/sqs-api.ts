/**
 * SQS by its JSON protocol (AWS JSON 1.0, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/), signed
 * with Signature Version 4.
 */
import type { Clock } from '../../ports/clock.ts';
import type { Web } from '../../ports/web.ts';
import type { SqsSettings } from './settings.ts';

/** Ten messages of a mebibyte, of which every byte may be escaped, are not sent at once by anybody. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const TIMEOUT_MS = 15_000;
const POLL_SECONDS = 20;
/** Entries of one batch, and messages of one answer. */
export const BATCH_MAX = 10;

export interface SqsMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, SqsAttribute>>;
}

export interface SqsAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export interface SqsApi {
  /** Up to ten messages; waits up to 20 s for them, or not at all. Rejects with what the server said. */
  receive(count: number, waits: boolean): Promise<readonly SqsMessage[]>;
  /** Up to ten. Resolves with those that the server did not delete. */
  delete(handles: readonly string[]): Promise<readonly string[]>;
  /** How long until the message is shown to somebody again, from now. */
  hide(handle: string, seconds: number): Promise<void>;
}

interface Parts {
  readonly web: Web;
  readonly clock: Clock;
  readonly userAgent: string;
}

export function sqsApi(parts: Parts, settings: SqsSettings): SqsApi {
  const call = (action: string, body: object, timeoutMs = TIMEOUT_MS): Promise<SqsAnswer> =>
    ask(parts, settings, { action, body: { QueueUrl: settings.queueUrl, ...body }, timeoutMs });
  return {
    async receive(count, waits) {
      const wanted = {
        MaxNumberOfMessages: Math.min(count, BATCH_MAX),
        WaitTimeSeconds: waits ? POLL_SECONDS : 0,
        VisibilityTimeout: settings.visibilitySeconds,
        MessageSystemAttributeNames: ['All'],
        // The older name of the same, which compatible servers know.
        AttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      };
      const { Messages } = await call('ReceiveMessage', wanted, POLL_SECONDS * 1_000 + TIMEOUT_MS);
      return Messages ?? [];
    },
    async delete(handles) {
      const Entries = handles.map((ReceiptHandle, at) => ({ Id: String(at), ReceiptHandle }));
      const { Failed } = await call('DeleteMessageBatch', { Entries });
      return (Failed ?? []).flatMap(({ Id }) => handles[Number(Id)] ?? []);
    },
    async hide(ReceiptHandle, seconds) {
      await call('ChangeMessageVisibility', { ReceiptHandle, VisibilityTimeout: Math.round(seconds) });
    },
  };
}

interface SqsAnswer {
  readonly Messages?: readonly SqsMessage[];
  readonly Failed?: readonly { readonly Id: string }[];
}

interface SqsCall {
  readonly action: string;
  readonly body: object;
  readonly timeoutMs: number;
}

async function ask(
  { web, clock, userAgent }: Parts,
  settings: SqsSettings,
  call: SqsCall,
): Promise<SqsAnswer> {
  const body = Buffer.from(JSON.stringify(call.body));
  const answer = await web.ask({
    method: 'POST',
    url: settings.endpoint.href,
    headers: { ...(await signed(settings, call.action, body, clock.now())), 'User-Agent': userAgent },
    body,
    timeoutMs: call.timeoutMs,
    answerBytesMax: ANSWER_BYTES_MAX,
    redirectsMax: 0,
  });
  if (answer.kind === 'unanswered') throw new Error(answer.detail);
  const document = parsed(answer.body);
  if (answer.status === 200) return document as SqsAnswer;
  throw new Error(refusal(call.action, answer.status, document));
}

/** The headers to send: `Host` and `Content-Length` are signed too, and made from the request by the web. */
async function signed(
  { endpoint, region, accessKeyId, secretAccessKey, sessionToken }: SqsSettings,
  action: string,
  body: Buffer,
  now: number,
): Promise<Record<string, string>> {
  const { default: aws4 } = await import('aws4');
  const { headers = {} } = aws4.sign(
    {
      method: 'POST',
      path: endpoint.pathname,
      service: 'sqs',
      region,
      headers: {
        Host: endpoint.host,
        'Content-Type': 'application/x-amz-json-1.0',
        'Content-Length': body.length,
        'X-Amz-Target': `AmazonSQS.${action}`,
        'X-Amz-Date': new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      },
      body,
    },
    { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  );
  const { Host: _, 'Content-Length': __, ...rest } = headers;
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(Buffer.from(body).toString() || '{}');
    if (typeof document === 'object' && document !== null) return document as Record<string, unknown>;
  } catch {
    // Something in between answered.
  }
  return {};
}

/** `com.amazonaws.sqs#QueueDoesNotExist` and a sentence. */
function refusal(action: string, status: number, document: Readonly<Record<string, unknown>>): string {
  const type = typeof document.__type === 'string' ? document.__type.split('#').at(-1)! : `status ${status}`;
  const told = document.message ?? document.Message;
  return `SQS refused ${action}: ${type}${typeof told === 'string' ? `: ${told}` : ''}`;
}
