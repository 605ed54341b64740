/**
 * Server-sent events that go on where they stopped. An outage is told once and then outlived: the next connection
 * begins behind the last cursor that was handed out, so nothing is missed and nothing comes twice.
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ServerProblem } from './server-problem.ts';

export type FollowedItem<Data> =
  | { readonly kind: 'event'; readonly cursor: string; readonly data: Data }
  /** Nothing up to here concerns the reader. */
  | { readonly kind: 'cursor'; readonly cursor: string }
  /** At the beginning, and after each outage. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'away'; readonly problem: ServerProblem };

export interface FollowOptions {
  /** null = from now on. */
  readonly after: string | null;
  readonly signal: AbortSignal;
  /** Answers with the stream. Throws ServerProblem. */
  open(after: string | null, signal: AbortSignal): Promise<Response>;
  /** What a connection is called that broke. */
  lost(cause: unknown): ServerProblem;
}

/** The server says something every 15 s: after so long, the connection only looks alive. */
const SILENCE_MS_MAX = 45_000;
const PAUSE_MS_FIRST = 250;
const PAUSE_MS_MAX = 5_000;
/** One event with its bytes in base64 beside them as a document. */
const EVENT_CHARS_MAX = 256 * 1024 * 1024;

/** Throws ServerProblem for what will not pass by waiting: a token or a filter that the server refuses. */
export async function* followEvents<Data>(options: FollowOptions): AsyncGenerator<FollowedItem<Data>> {
  const { signal } = options;
  let { after } = options;
  let failures = 0;
  let isTold = false;
  while (!signal.aborted) {
    let problem: ServerProblem | null = null;
    let isConnected = false;
    try {
      for await (const message of messagesOf(options, after)) {
        if (signal.aborted) return;
        // What a server ends by itself after a while is no outage.
        if (!isConnected && (failures > 0 || !isTold)) yield { kind: 'connected' };
        [isConnected, isTold, failures] = [true, true, 0];
        const { id, event, data } = message;
        if (id === undefined) continue;
        if (event === 'cursor') yield { kind: 'cursor', cursor: id };
        else yield { kind: 'event', cursor: id, data: JSON.parse(data) as Data };
        after = id;
      }
    } catch (cause) {
      if (signal.aborted) return;
      problem = cause instanceof ServerProblem ? cause : options.lost(cause);
      if (!problem.isPassing) throw problem;
    }
    if (problem === null && isConnected) {
      await pause(PAUSE_MS_FIRST, signal);
      continue;
    }
    problem ??= options.lost(new Error('the connection ended at once'));
    if (failures === 0) yield { kind: 'away', problem };
    isTold = true;
    failures++;
    await pause(Math.max(problem.retryAfterMs ?? 0, pauseAfter(failures)), signal);
  }
}

function pauseAfter(failures: number): number {
  const full = Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** (failures - 1));
  // Clients that lost the same server do not come back at the same moment.
  return full * (0.75 + Math.random() / 4);
}

/** One connection's messages. The connection ends with the generator. */
async function* messagesOf(options: FollowOptions, after: string | null): AsyncGenerator<EventSourceMessage> {
  const link = new AbortController();
  const end = (): void => link.abort();
  options.signal.addEventListener('abort', end);
  try {
    const response = await options.open(after, link.signal);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const messages: EventSourceMessage[] = [];
    const parser = createParser({
      maxBufferSize: EVENT_CHARS_MAX,
      onEvent: (message) => messages.push(message),
    });
    for (;;) {
      const chunk = await withinSilence(reader.read(), link);
      if (chunk.done) return;
      parser.feed(chunk.value);
      // What is waiting here is one chunk's: the next is read when these were taken.
      yield* messages.splice(0);
    }
  } finally {
    options.signal.removeEventListener('abort', end);
    end();
  }
}

async function withinSilence<Value>(reading: Promise<Value>, link: AbortController): Promise<Value> {
  const timer = setTimeout(() => link.abort(new Error('it says nothing any more')), SILENCE_MS_MAX);
  try {
    return await reading;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends early, without an error, when the signal says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
