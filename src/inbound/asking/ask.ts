/** One question to the server of a source: with its credentials, conditional where it was asked before. */
import { retryAfterMs } from '../../core/delivery/retry-after.ts';
import type { WebAnswer } from '../../ports/web.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { TryLater } from '../steady.ts';
import type { Ask } from './ask-settings.ts';
import { makeAuthorizer } from './authorize.ts';
import { Trouble } from './trouble.ts';

/** What a server said of the version that it gave (RFC 9110 §8.8); sent back, it answers 304 while that is current. */
export interface Validators {
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export interface Question {
  readonly url: string;
  readonly accept: string;
  readonly method?: string;
  readonly body?: Uint8Array | null;
  /** Of an earlier answer; used when it was given for the same URL. */
  readonly validators?: Validators | null;
  readonly answerBytesMax: number;
  /** Of the way in that is being stopped: its answer is then not waited for. */
  readonly signal: AbortSignal;
}

export type Answered = Extract<WebAnswer, { readonly kind: 'answered' }>;

export interface Asker {
  /** null = unchanged (304). Rejects with Trouble or TryLater for anything but 2xx. */
  ask(question: Question): Promise<Answered | null>;
}

const REDIRECTS_MAX = 5;
/** Wrong credentials do not become right by asking often, and some servers lock who does. */
const REFUSED_PAUSE_MS = 300_000;
const VALIDATOR_CHARS_MAX = 1_000;

export function makeAsker({ web, clock, userAgent }: InboundParts, settings: Ask): Asker {
  const authorizer = makeAuthorizer({ web, clock }, settings);
  const { origin } = new URL(settings.url);
  return {
    async ask({ url, accept, method = 'GET', body = null, validators = null, answerBytesMax, signal }) {
      // A next page, or a topic, on another origin is nobody to show our keys to.
      const isHome = new URL(url).origin === origin;
      // A body may hold one.
      if (!isHome && body !== null)
        throw new Trouble(`The next page is on ${new URL(url).host}, where a body is not sent: use GET`);
      const authorization = isHome ? await authorizer.header() : null;
      const asking = web.ask({
        method,
        url,
        headers: {
          'user-agent': userAgent,
          accept,
          ...(validators?.url === url ? conditions(validators) : {}),
          ...(authorization === null ? {} : { authorization }),
          ...(isHome ? lowerCased(settings.headers) : {}),
        },
        body,
        timeoutMs: settings.timeoutMs,
        answerBytesMax,
        redirectsMax: REDIRECTS_MAX,
      });
      const answer = await unlessStopped(asking, signal);
      if (answer.kind === 'answered' && answer.status === 401) authorizer.refused();
      return usable(answer, clock.now());
    },
  };
}

/** null = neither ETag nor Last-Modified. `url`: what was asked, whatever answered in the end. */
export function validatorsOf(url: string, { headers }: Answered): Validators | null {
  const kept = (value: string | undefined): string | null =>
    value === undefined || value.length > VALIDATOR_CHARS_MAX ? null : value;
  const [etag, lastModified] = [kept(headers.etag), kept(headers['last-modified'])];
  return etag === null && lastModified === null ? null : { url, etag, lastModified };
}

function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Trouble('The source was stopped'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function conditions({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function usable(answer: WebAnswer, now: number): Answered | null {
  if (answer.kind === 'unanswered') throw new Trouble(answer.detail);
  const { status, headers } = answer;
  if (status === 304) return null;
  if (status >= 200 && status <= 299) return answer;
  const said = `${new URL(answer.url).host} answered ${status}`;
  const afterMs = retryAfterMs(headers['retry-after'], now);
  if (status === 401 || status === 403)
    throw new TryLater(
      `${said}: check the credentials in \`auth\` or \`headers\``,
      afterMs ?? REFUSED_PAUSE_MS,
    );
  if (afterMs !== undefined)
    throw new TryLater(`${said} and asks to wait ${Math.ceil(afterMs / 1000)} s`, afterMs);
  throw new Trouble(said + (HINTS[status] ?? ''));
}

const HINTS: Readonly<Record<number, string>> = {
  404: ': check the URL',
  410: ': what was there is gone for good; delete the source, or change its URL',
  429: ': ask less often, with a larger `everySeconds`',
};
