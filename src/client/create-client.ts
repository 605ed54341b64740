/** The API as typed calls. Every failure is a ServerProblem. */
import type { Static, TObject } from 'typebox';
import type { BackgroundTaskOut, TaskStartedOut } from '../contract/background-task.ts';
import type {
  EVENT_LIST_QUERY,
  EVENT_TAIL_QUERY,
  EventList,
  EventStoryOut,
  EventTailOut,
} from '../contract/event.ts';
import type { EventBulkReplayIn, EventReplayIn, EventReplayOut } from '../contract/event-replay.ts';
import type { PageQuery } from '../contract/page.ts';
import type { SourceList, SourceOut, SourceSecretsOut } from '../contract/source.ts';
import { type FollowedItem, followEvents } from './follow-events.ts';
import { problemOf, ServerProblem, unreachable } from './server-problem.ts';

export type ApiSource = Static<typeof SourceOut>;
export type ApiTask = Static<typeof BackgroundTaskOut>;
export type TailedEvent = Static<typeof EventTailOut>;
export type EventListQuery = Static<TObject<typeof EVENT_LIST_QUERY>>;
export type EventTailQuery = Omit<Static<TObject<typeof EVENT_TAIL_QUERY>>, 'after'>;

export interface ClientOptions {
  /** `http://127.0.0.1:8071`; a path before the API's is kept. */
  readonly serverUrl: string;
  /** Asked for each call, so that it may be short-lived. */
  readonly token: () => string | Promise<string>;
}

export interface Client {
  readonly serverUrl: string;
  listSources(query: Static<typeof PageQuery>): Promise<Static<typeof SourceList>>;
  /** By id or uid. */
  getSource(ref: string): Promise<ApiSource>;
  getSourceSecrets(ref: string): Promise<Static<typeof SourceSecretsOut>>;
  listEvents(query: EventListQuery): Promise<Static<typeof EventList>>;
  getEvent(id: string): Promise<Static<typeof EventStoryOut>>;
  /** From `after` on (a cursor), or from now on; ends when the signal says so. Outages are told and outlived. */
  tailEvents(
    query: EventTailQuery,
    options: { readonly after: string | null; readonly signal: AbortSignal },
  ): AsyncGenerator<FollowedItem<TailedEvent>>;
  replayEvent(id: string, body: Static<typeof EventReplayIn>): Promise<Static<typeof EventReplayOut>>;
  replayEvents(body: Static<typeof EventBulkReplayIn>): Promise<Static<typeof TaskStartedOut>>;
  getTask(id: string): Promise<ApiTask>;
  cancelTask(id: string): Promise<ApiTask>;
}

type QueryValue = string | number | boolean | readonly (string | number)[] | undefined;
interface CallOptions {
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: unknown;
}

const CALL_MS_MAX = 60_000;

export function createClient(options: ClientOptions): Client {
  const serverUrl = options.serverUrl.replace(/\/+$/, '');
  const send = sender({ ...options, serverUrl });
  const call = async <Answer>(method: string, path: string, more: CallOptions = {}): Promise<Answer> => {
    const response = await send(method, path, { ...more, signal: AbortSignal.timeout(CALL_MS_MAX) });
    try {
      return (await response.json()) as Answer;
    } catch {
      throw new ServerProblem(
        `The answer of ${serverUrl} to ${path} is no JSON: is this a Posthorn server?`,
        {
          status: response.status,
          code: 'incompatible',
        },
      );
    }
  };
  const source = (ref: string): string => `/api/v1/source/${encodeURIComponent(ref)}`;
  const task = (id: string): string => `/api/v1/background-task/${encodeURIComponent(id)}`;
  const event = (id: string): string => `/api/v1/event/${encodeURIComponent(id)}`;
  return {
    serverUrl,
    listSources: (query) => call('GET', '/api/v1/source', { query }),
    getSource: (ref) => call('GET', source(ref)),
    getSourceSecrets: (ref) => call('GET', `${source(ref)}/secret`),
    listEvents: (query) => call('GET', '/api/v1/event', { query }),
    getEvent: (id) => call('GET', event(id)),
    tailEvents: (query, { after, signal }) =>
      followEvents({
        after,
        signal,
        open: (from, until) =>
          send('GET', '/api/v1/event/tail', {
            query: { ...query, after: from ?? undefined },
            signal: until,
            accept: 'text/event-stream',
          }),
        lost: (cause) => unreachable(serverUrl, cause),
      }),
    replayEvent: (id, body) => call('POST', `${event(id)}/replay`, { body }),
    replayEvents: (body) => call('POST', '/api/v1/event/replay', { body }),
    getTask: (id) => call('GET', task(id)),
    cancelTask: (id) => call('POST', `${task(id)}/cancel`),
  };
}

function sender({ serverUrl, token }: ClientOptions) {
  return async (
    method: string,
    path: string,
    options: CallOptions & { readonly signal: AbortSignal; readonly accept?: string },
  ): Promise<Response> => {
    const headers: Record<string, string> = {
      accept: options.accept ?? 'application/json',
      authorization: `Bearer ${await token()}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    let response: Response;
    let text = '';
    try {
      response = await fetch(`${serverUrl}${path}${queryText(options.query ?? {})}`, {
        method,
        headers,
        signal: options.signal,
        // A redirect would hand the token to somebody else, or turn a POST into a GET.
        redirect: 'manual',
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      if (response.ok) return response;
      text = await response.text();
    } catch (cause) {
      throw unreachable(serverUrl, cause);
    }
    throw problemOf(response, text);
  };
}

/** Lists as repeated parameters: a condition may hold a comma. */
function queryText(query: Readonly<Record<string, QueryValue>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const each of [value ?? []].flat()) search.append(name, String(each));
  return search.size === 0 ? '' : `?${search}`;
}
