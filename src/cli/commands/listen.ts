import { type Command, InvalidArgumentError } from 'commander';
import type { ApiSource, Client, TailedEvent } from '../../client/create-client.ts';
import { BadSetting } from '../../config/parse.ts';
import { addServerOptions, connect, type ServerOptions } from '../connect.ts';
import { CursorFile, CursorMark, cursorPath } from '../cursor-file.ts';
import { repeated } from '../event-filter.ts';
import { clockTime, eventLine, printable } from '../event-line.ts';
import { EXIT } from '../exit-codes.ts';
import { findSource } from '../find-source.ts';
import { type Forwarded, Forwarder } from '../forwarder.ts';
import { KeyedWork } from '../keyed-work.ts';
import { printResult, runCommand, say } from '../output.ts';
import { wantsJson } from '../read-config.ts';
import { cursorBefore, sinceBeginning } from '../start-cursor.ts';
import { untilInterrupted } from '../until-interrupted.ts';

interface Options extends ServerOptions {
  readonly concurrency: number;
  readonly cursor?: string;
  readonly from?: string;
  readonly skipFailed?: boolean;
  readonly filter: readonly string[];
}

/** How long what is under way may still take after Ctrl-C. */
const GRACE_MS = 3_000;
const CONCURRENCY_MAX = 100;

export function addListen(program: Command): void {
  const command = program
    .command('listen')
    .argument('<source>', 'id, uid, name or URL of a source')
    .argument('<url>', 'where to forward, e.g. http://localhost:3000/webhooks')
    .description(
      'Forward what a source receives to a server nearby, as it came. What came while this was not running still arrives.',
    )
    .option('--concurrency <n>', 'calls at once; those of one ordering key stay in order', readConcurrency, 1)
    .option('--cursor <file>', 'where to keep how far it has come; not said: one per server and source')
    .option('--from <where>', 'now, beginning, or the id of an event; not said: where it stopped, else now')
    .option('--filter <condition>', 'only what fits, e.g. body.amount>=100; may be repeated', repeated, [])
    .option('--skip-failed', 'go on when the server nearby gives no answer, instead of waiting for it');
  addServerOptions(command).action((source: string, url: string, options: Options) =>
    runCommand(wantsJson(command), () => begin(command, { source, url, options })),
  );
}

async function begin(
  command: Command,
  { source, url, options }: { readonly source: string; readonly url: string; readonly options: Options },
): Promise<number> {
  const base = localUrl(url);
  const client = connect(options, command);
  const found = await findSource(client, source);
  const file = new CursorFile(options.cursor ?? defaultPath(client, found), {
    serverUrl: client.serverUrl,
    sourceId: found.id,
  });
  const after = await beginning(client, file, options.from);
  await listen({ client, source: found, base, file, after, options, json: wantsJson(command) });
  return EXIT.ok;
}

interface Listening {
  readonly client: Client;
  readonly source: ApiSource;
  readonly base: URL;
  readonly file: CursorFile;
  readonly after: string | null;
  readonly options: Options;
  readonly json: boolean;
}

async function listen(listening: Listening): Promise<void> {
  const { client, source, base, file, after, options, json } = listening;
  const signal = untilInterrupted();
  const cut = new AbortController();
  const forwarder = new Forwarder({
    ...{ base, signal, cut: cut.signal, skipsFailed: options.skipFailed ?? false },
    onState: (state) => say(localState(base, state)),
  });
  const work = new KeyedWork(options.concurrency);
  const mark = new CursorMark((cursor) => file.write(cursor));
  signal.addEventListener('abort', () => work.stop());
  const query = {
    source: [source.id],
    raw: true,
    ...(options.filter.length > 0 ? { where: [...options.filter] } : {}),
  };
  let awaySince: number | null = null;
  for await (const item of client.tailEvents(query, { after, signal })) {
    if (item.kind === 'away') {
      awaySince = Date.now();
      say(`${clockTime(new Date())}  reconnecting: ${item.problem.message}`);
    } else if (item.kind === 'connected') {
      const since = awaySince === null ? '' : ` again, after ${seconds(Date.now() - awaySince)}`;
      awaySince = null;
      say(
        `${clockTime(new Date())}  connected${since}: ${JSON.stringify(source.name)} -> ${base.href} (Ctrl-C ends)`,
      );
    } else if (item.kind === 'cursor') {
      mark.begin(item.cursor)();
    } else {
      const done = mark.begin(item.cursor);
      await work.add(item.data.key, async () => {
        const outcome = await forwarder.forward(item.data);
        if (outcome === null) return;
        print(json, item.data, outcome);
        done();
      });
    }
  }
  const timer = setTimeout(() => cut.abort(), GRACE_MS);
  await work.idle();
  clearTimeout(timer);
  say(`${clockTime(new Date())}  stopped; the same command goes on from here (${file.path}).`);
}

function print(json: boolean, event: TailedEvent, outcome: NonNullable<Forwarded>): void {
  const { id, type, method, path, receivedAt } = event;
  const [status, ms, skipped] =
    'skipped' in outcome ? [null, null, outcome.skipped] : [outcome.status, outcome.ms, null];
  const result = skipped === null ? `${status}  ${ms} ms` : `skipped: ${printable(skipped)}`;
  printResult(
    json,
    { id, receivedAt, type, method, path, status, ms, skipped },
    `${eventLine(event)}  ${result}`,
  );
}

function localState(
  base: URL,
  state: { readonly refuses: string } | { readonly answersAfterMs: number },
): string {
  const at = clockTime(new Date());
  return 'refuses' in state
    ? `${at}  ${base.origin} gives no answer (${state.refuses}); trying again until it does.`
    : `${at}  ${base.origin} answers again, after ${seconds(state.answersAfterMs)}.`;
}

function seconds(ms: number): string {
  return ms < 1000 ? 'less than a second' : `${Math.round(ms / 1000)} s`;
}

/** null = from now on. Throws BadSetting. */
async function beginning(client: Client, file: CursorFile, from: string | undefined): Promise<string | null> {
  if (from === undefined) return file.read();
  if (from === 'now') return null;
  if (from === 'beginning') return sinceBeginning();
  return cursorBefore(client, from);
}

function defaultPath({ serverUrl }: Client, { id }: ApiSource): string {
  return cursorPath({ serverUrl, sourceId: id }, process.env);
}

function localUrl(text: string): URL {
  const given = /^\d{1,5}$/.test(text) ? `http://localhost:${text}` : text;
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new BadSetting('<url>', 'needs an address to forward to, as http://localhost:3000/webhooks.');
}

function readConcurrency(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= CONCURRENCY_MAX) return count;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${CONCURRENCY_MAX}.`);
}
