/**
 * Server-sent events that go on where they stopped. An outage is told once and then outlived: the next connection
 * begins behind the last cursor that was handed out, so nothing is missed and nothing comes twice.
 */

import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { pause } from './pause.ts';
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
  /** The first pause before the next try; it doubles. */
  readonly pauseMs?: number;
}

/** The server says something every 15 s: after so long, the connection only looks alive. */
const SILENCE_MS_MAX = 45_000;
const PAUSE_MS_FIRST = 250;
const PAUSE_MS_MAX = 5_000;
/** A connection that held so long was a good one. */
const STEADY_MS = 10_000;
/** Connections in a row that were made and brought nothing. */
const BLIPS_MAX = 3;
/** One event with its bytes in base64 beside them as a document. */
const EVENT_CHARS_MAX = 256 * 1024 * 1024;

/** Throws ServerProblem for what will not pass by waiting: a token or a filter that the server refuses. */
export async function* followEvents<Data>(options: FollowOptions): AsyncGenerator<FollowedItem<Data>> {
  const { signal } = options;
  let { after } = options;
  let failures = 0;
  let told: 'nothing' | 'connected' | 'away' = 'nothing';
  while (!signal.aborted) {
    let problem: ServerProblem | null = null;
    let isConnected = false;
    const openedAt = Date.now();
    try {
      for await (const message of messagesOf(options, after)) {
        if (signal.aborted) return;
        if (told !== 'connected') yield { kind: 'connected' };
        [isConnected, told] = [true, 'connected'];
        const { id, event, data } = message;
        if (id === undefined) continue;
        if (event === 'cursor') yield { kind: 'cursor', cursor: id };
        else yield { kind: 'event', cursor: id, data: documentIn<Data>(data) };
        if (id !== after) failures = 0;
        after = id;
      }
    } catch (cause) {
      if (signal.aborted) return;
      problem = cause instanceof ServerProblem ? cause : options.lost(cause);
      if (!problem.isPassing) throw problem;
    }
    // A server ends a connection after a while, or when its reader is slow: only who cannot come back is away.
    if (isConnected && Date.now() - openedAt > STEADY_MS) failures = 0;
    if ((!isConnected || failures >= BLIPS_MAX) && told !== 'away') {
      yield { kind: 'away', problem: problem ?? options.lost(new Error('the connection ends at once')) };
      told = 'away';
    }
    failures++;
    await pause(
      Math.max(problem?.retryAfterMs ?? 0, pauseAfter(failures, options.pauseMs ?? PAUSE_MS_FIRST)),
      signal,
    );
  }
}

function pauseAfter(failures: number, first: number): number {
  const full = Math.min(PAUSE_MS_MAX, first * 2 ** (failures - 1));
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
    let isTooMuch = false;
    const parser = createParser({
      maxBufferSize: EVENT_CHARS_MAX,
      onEvent: (message) => messages.push(message),
      onError: ({ type }) => {
        isTooMuch ||= type === 'max-buffer-size-exceeded';
      },
    });
    for (;;) {
      const chunk = await withinSilence(reader.read(), link);
      if (chunk.done) return;
      parser.feed(chunk.value);
      if (isTooMuch) throw unreadable('is larger than can be held');
      // What is waiting here is one chunk's: the next is read when these were taken.
      yield* messages.splice(0);
    }
  } finally {
    options.signal.removeEventListener('abort', end);
    end();
  }
}

function documentIn<Data>(text: string): Data {
  try {
    return JSON.parse(text) as Data;
  } catch {
    throw unreadable('is no JSON');
  }
}

/** It would be the same again. */
function unreadable(why: string): ServerProblem {
  return new ServerProblem(`An event of the stream ${why}: begin behind it.`, {
    status: 200,
    code: 'incompatible',
  });
}

async function withinSilence<Value>(reading: Promise<Value>, link: AbortController): Promise<Value> {
  const timer = setTimeout(() => link.abort(new Error('it says nothing any more')), SILENCE_MS_MAX);
  try {
    return await reading;
  } finally {
    clearTimeout(timer);
  }
}
