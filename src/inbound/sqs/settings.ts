/** Settings of an SQS queue, at Amazon or at a server that speaks its JSON protocol. */
import Type, { type Static } from 'typebox';
import { settingsCheck, wrong } from '../check-settings.ts';
import { PREFETCH_SHAPE, prefetchOf, textShape } from '../queue/shapes.ts';

const URL_CHARS_MAX = 2_048;
const VISIBILITY_SECONDS = 60;
/** Amazon's hosts name the region. */
const AMAZON_HOST =
  /(?:^|\.)(?:sqs(?:-fips)?\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;

const SqsShape = Type.Object(
  {
    queueUrl: textShape(URL_CHARS_MAX),
    /** Absent = as the host of the queue's URL says. */
    region: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,64}$' })),
    /** Where to ask; absent = the host of the queue's URL. */
    endpoint: Type.Optional(textShape(URL_CHARS_MAX)),
    accessKeyId: textShape(128),
    secretAccessKey: textShape(256),
    sessionToken: Type.Optional(textShape(16_384)),
    prefetch: Type.Optional(PREFETCH_SHAPE),
    /** How long a message is hidden from others; renewed while it is being taken. */
    visibilitySeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 43_200 })),
    /** `leave`: a refused message comes again until the queue's redrive policy moves it. `delete`: it is gone. */
    refused: Type.Optional(Type.Union([Type.Literal('leave'), Type.Literal('delete')])),
  },
  { additionalProperties: false },
);

export interface SqsSettings {
  readonly queueUrl: string;
  /** An origin and a path, to which requests are posted. */
  readonly endpoint: URL;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly prefetch: number;
  readonly visibilitySeconds: number;
  readonly refused: 'leave' | 'delete';
}

export const SQS_SECRETS: readonly string[] = ['secretAccessKey', 'sessionToken'];

const check = settingsCheck(SqsShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function sqsSettings(input: unknown): SqsSettings {
  const given = check(input);
  const queue = urlOf('queueUrl', given.queueUrl);
  return {
    queueUrl: given.queueUrl,
    endpoint: given.endpoint === undefined ? new URL('/', queue) : urlOf('endpoint', given.endpoint),
    region: given.region ?? regionOf(queue),
    accessKeyId: given.accessKeyId,
    secretAccessKey: given.secretAccessKey,
    sessionToken: given.sessionToken,
    prefetch: prefetchOf(given),
    visibilitySeconds: given.visibilitySeconds ?? VISIBILITY_SECONDS,
    refused: given.refused ?? 'leave',
  };
}

function urlOf(member: keyof Static<typeof SqsShape>, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw wrong([member], 'Give an http:// or https:// URL without user and query.');
  return url;
}

function regionOf(queue: URL): string {
  const [, before, after] = AMAZON_HOST.exec(queue.hostname) ?? [];
  const region = before || after;
  if (region) return region;
  throw wrong(['region'], 'Say the region: the URL of the queue does not name it.');
}
