import type { Command } from 'commander';
import type { Client, TailedEvent } from '../../client/create-client.ts';
import { addServerOptions, connect, type ServerOptions } from '../connect.ts';
import { addFilterOptions, type FilterOptions, filterQuery } from '../event-filter.ts';
import { clockTime, printable, tailLine } from '../event-line.ts';
import { EXIT } from '../exit-codes.ts';
import { findSource, listSources } from '../find-source.ts';
import { printResult, runCommand, say } from '../output.ts';
import { wantsJson } from '../read-config.ts';
import { readInstant } from '../read-instant.ts';
import { cursorSince } from '../start-cursor.ts';
import { untilInterrupted } from '../until-interrupted.ts';

interface Options extends ServerOptions, FilterOptions {
  readonly body?: boolean;
  readonly since?: string;
  readonly follow: boolean;
}

/** Without --since, --no-follow shows so many. */
const LAST_EVENTS = 50;
const PAGE_ITEMS = 100;
const BODY_CHARS_MAX = 64 * 1024;

export function addTail(program: Command): void {
  const command = program
    .command('tail')
    .argument('[source]', 'id, uid, name or URL of a source; not said: all')
    .description('Print what is received, one line each (--json: one JSON document each), as it comes.')
    .option('--body', 'print what each says, too')
    .option('--since <when>', 'begin in the past: 2026-01-31T12:00:00Z, or 10m, 2h, 7d ago')
    .option('--no-follow', `end after what is there already; without --since, the last ${LAST_EVENTS}`);
  addServerOptions(addFilterOptions(command)).action((source: string | undefined, options: Options) =>
    runCommand(wantsJson(command), async () => {
      const client = connect(options, command);
      const sourceId = source === undefined ? null : (await findSource(client, source)).id;
      const print = await printer(client, { json: wantsJson(command), body: options.body ?? false });
      const since =
        options.since === undefined
          ? null
          : readInstant(options.since, { option: '--since', now: Date.now() });
      const query = filterQuery(options, sourceId);
      if (options.follow) await follow(client, { query, since, print });
      else for await (const event of past(client, query, since)) print(event);
      return EXIT.ok;
    }),
  );
}

type Print = (event: TailedEvent) => void;

async function follow(
  client: Client,
  { query, since, print }: { query: ReturnType<typeof filterQuery>; since: string | null; print: Print },
): Promise<void> {
  const signal = untilInterrupted();
  const after = since === null ? null : await cursorSince(client, since);
  let wasAway = false;
  for await (const item of client.tailEvents(query, { after, signal })) {
    if (item.kind === 'event') print(item.data);
    else if (item.kind === 'away') say(`${clockTime(new Date())}  reconnecting: ${item.problem.message}`);
    else if (item.kind === 'connected' && wasAway) say(`${clockTime(new Date())}  connected again.`);
    wasAway = item.kind === 'away' || (wasAway && item.kind !== 'connected');
  }
}

/** Oldest first. */
async function* past(
  client: Client,
  query: ReturnType<typeof filterQuery>,
  since: string | null,
): AsyncGenerator<TailedEvent> {
  if (since === null) {
    yield* await lastEvents(client, query);
    return;
  }
  let iterator: string | null = null;
  do {
    const page: Awaited<ReturnType<Client['listEvents']>> = await client.listEvents({
      ...{ ...query, since, order: 'ascending' as const, limit: PAGE_ITEMS },
      ...(iterator === null ? {} : { iterator }),
    });
    yield* page.data;
    iterator = page.done ? null : page.iterator;
  } while (iterator !== null);
}

/** A page may be short, or empty, though there is more. */
async function lastEvents(
  client: Client,
  query: ReturnType<typeof filterQuery>,
): Promise<readonly TailedEvent[]> {
  const found: TailedEvent[] = [];
  let iterator: string | null = null;
  do {
    const page: Awaited<ReturnType<Client['listEvents']>> = await client.listEvents({
      ...{ ...query, limit: LAST_EVENTS - found.length },
      ...(iterator === null ? {} : { iterator }),
    });
    found.push(...page.data);
    iterator = page.done ? null : page.iterator;
  } while (iterator !== null && found.length < LAST_EVENTS);
  return found.reverse();
}

async function printer(client: Client, { json, body }: { json: boolean; body: boolean }): Promise<Print> {
  if (json) return (event) => printResult(true, event, '');
  const names = new Map((await listSources(client)).map(({ id, name }) => [id, name]));
  return (event) => {
    const line = tailLine(event, names.get(event.source) ?? event.source);
    printResult(false, event, body ? `${line}\n${bodyText(event.body)}` : line);
  };
}

function bodyText(body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  const lines = text.slice(0, BODY_CHARS_MAX).split('\n');
  return lines.map((line) => `    ${printable(line, BODY_CHARS_MAX)}`).join('\n');
}
