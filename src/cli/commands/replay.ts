import { type Command, InvalidArgumentError } from 'commander';
import type { ApiTask, Client } from '../../client/create-client.ts';
import { pause } from '../../client/pause.ts';
import { ServerProblem } from '../../client/server-problem.ts';
import { BadSetting } from '../../config/parse.ts';
import { addServerOptions, connect, type ServerOptions } from '../connect.ts';
import { addFilterOptions, type FilterOptions, filterQuery } from '../event-filter.ts';
import { EXIT } from '../exit-codes.ts';
import { findSource } from '../find-source.ts';
import { counting, printError, printResult, progress, runCommand, say } from '../output.ts';
import { wantsJson } from '../read-config.ts';
import { readInstant } from '../read-instant.ts';
import { untilInterrupted } from '../until-interrupted.ts';

interface Options extends ServerOptions, FilterOptions {
  readonly source?: string;
  readonly since?: string;
  readonly until?: string;
  readonly to?: string;
  readonly rate?: number;
  readonly limit?: number;
}

const LOOK_MS = 300;
/** The server may be started anew meanwhile: the task goes on, and so do we. */
const AWAY_MS_MAX = 120_000;

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .argument('[event]', 'id of one event, evt_…; or --since and what else is asked for')
    .description('Deliver received events again: one, or many by a background task that is watched.')
    .option('--source <source>', 'id, uid, name or URL; not said: all')
    .option('--since <when>', 'received from then on: 2026-01-31T12:00:00Z, or 10m, 2h, 7d ago')
    .option('--until <when>', 'received before then; not said: now')
    .option('--to <destination>', 'id or uid: only there; not said: along the flows as they are now')
    .option('--rate <n>', 'events per second; the server’s default is 50', readAmount)
    .option('--limit <n>', 'events in all', readAmount);
  addServerOptions(addFilterOptions(command)).action((event: string | undefined, options: Options) =>
    runCommand(wantsJson(command), () =>
      event === undefined ? replayMany(command, options) : replayOne(command, event, options),
    ),
  );
}

async function replayMany(command: Command, options: Options): Promise<number> {
  const range = rangeOf(options);
  const client = connect(options, command);
  const source = options.source === undefined ? null : await findSource(client, options.source);
  const { rate, limit, to } = options;
  const { id } = await client.replayEvents({
    ...range,
    filter: filterQuery(options, source?.id ?? null),
    ...(to === undefined ? {} : { destination: to }),
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
    ...(limit === undefined ? {} : { limit }),
  });
  return watch(client, id, wantsJson(command));
}

async function replayOne(command: Command, event: string, options: Options): Promise<number> {
  if (options.source !== undefined || options.since !== undefined)
    throw new BadSetting('[event]', 'is one event: leave out --source and --since, or the event.');
  const client = connect(options, command);
  const answer = await client.replayEvent(event, options.to === undefined ? {} : { destination: options.to });
  const { destinations } = answer;
  const text =
    destinations.length === 0
      ? 'No flow takes this event: name a destination with --to.'
      : `Queued again for ${destinations.join(', ')}.`;
  printResult(wantsJson(command), answer, text);
  return EXIT.ok;
}

function rangeOf({ since, until }: Options): { since: string; until: string } {
  const now = Date.now();
  if (since === undefined)
    throw new BadSetting('--since', 'says from when on, e.g. 2h; or name one event: posthorn replay evt_….');
  return {
    since: readInstant(since, { option: '--since', now }),
    // Said in any case, so that what is received meanwhile is not delivered twice.
    until: until === undefined ? new Date(now).toISOString() : readInstant(until, { option: '--until', now }),
  };
}

/** Until it ends. Ctrl-C cancels it on the server; what it has delivered stays delivered. */
async function watch(client: Client, id: string, json: boolean): Promise<number> {
  const signal = untilInterrupted();
  const task = await untilEnded(client, id, signal);
  if (task.status === 'running') return cancel(client, id, json);
  const { done, total } = task.progress;
  const result = { task: id, status: task.status, done, total, data: task.data };
  if (task.status === 'finished') {
    printResult(json, result, finishedText(task));
    return EXIT.ok;
  }
  printResult(json, result, `The replay ended after ${counted(done, 'event')}: ${JSON.stringify(task.data)}`);
  return EXIT.invalid;
}

/** With a bar when it is known how many there are, else with a count. Running = it was interrupted. */
async function untilEnded(client: Client, id: string, signal: AbortSignal): Promise<ApiTask> {
  const show = progress('replay');
  using count = counting('replay', 'events');
  for (;;) {
    const task = await look(client, id);
    const { done, total } = task.progress;
    if (task.status !== 'running' || signal.aborted) return task;
    // A bar that is full says that it is over.
    if (total === null) count.tick(done);
    else if (done < total) show(done, total);
    await pause(LOOK_MS, signal);
  }
}

function finishedText({ progress: { done }, data }: ApiTask): string {
  const { deliveriesQueued } = Object(data) as { readonly deliveriesQueued?: unknown };
  const queued = typeof deliveriesQueued === 'number' ? deliveriesQueued : done;
  if (done > 0 && queued === 0)
    return `${counted(done, 'event')}, but no flow takes any of them: name a destination with --to.`;
  return `${counted(done, 'event')} replayed: ${counted(queued, 'delivery', 'deliveries')} queued.`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

async function look(client: Client, id: string): Promise<ApiTask> {
  const deadline = Date.now() + AWAY_MS_MAX;
  for (;;) {
    try {
      return await client.getTask(id);
    } catch (cause) {
      if (!(cause instanceof ServerProblem && cause.isPassing) || Date.now() > deadline) throw cause;
      await pause(cause.retryAfterMs ?? LOOK_MS * 3, new AbortController().signal);
    }
  }
}

async function cancel(client: Client, id: string, json: boolean): Promise<number> {
  let task: ApiTask;
  try {
    task = await client.cancelTask(id);
  } catch (cause) {
    // It has just ended by itself.
    if (!(cause instanceof ServerProblem && cause.status === 409)) throw cause;
    task = await client.getTask(id);
  }
  const sentence = `canceled after ${counted(task.progress.done, 'event')} (${id}); what is queued already is delivered.`;
  if (json) printError('interrupted', sentence);
  else say(`\nposthorn: ${sentence}`);
  return EXIT.interrupted;
}

function readAmount(text: string): number {
  const amount = Number(text);
  if (text.trim() !== '' && amount > 0) return amount;
  throw new InvalidArgumentError('Give a number above 0.');
}
