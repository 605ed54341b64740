import type { Command } from 'commander';
import { type MovedStore, moveStore } from '../../app/move-store.ts';
import { migrateStore } from '../../app/store.ts';
import { BadSetting } from '../../config/parse.ts';
import { type Config, SETTINGS } from '../../config/settings.ts';
import { EXIT } from '../exit-codes.ts';
import { printError, printResult, progress, runCommand, say } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';
import { untilInterrupted } from '../until-interrupted.ts';

interface Options {
  readonly from?: string;
  readonly to?: string;
}

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .option('--from <store>', 'move everything out of this embedded store: sqlite:/path/posthorn.db')
    .option('--to <url>', 'into this empty database: postgres://… (not said: POSTHORN_DATABASE_URL)')
    .description(
      'Bring the store to this version’s schema, after an automatic backup; or move it to PostgreSQL. Refuses while a server runs.',
    )
    .action((options: Options, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config, json } = readConfig(command);
        if (options.from === undefined && options.to === undefined) return expand(config, json);
        return move(fileOf(options.from), urlOf(options.to, config), json);
      }),
    );
}

async function expand(config: Config, json: boolean): Promise<number> {
  const { from, to } = await migrateStore(config);
  const sentence =
    from === to
      ? `The store is at schema version ${to} already.`
      : `The store went from schema version ${from} to ${to}.`;
  printResult(json, { from, to }, sentence);
  return EXIT.ok;
}

function fileOf(from: string | undefined): string {
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(from ?? '')?.[1];
  if (path !== undefined) return path;
  throw new BadSetting(
    '--from',
    'names the embedded store to move, as sqlite:/path/to/posthorn-data/posthorn.db.',
  );
}

function urlOf(to: string | undefined, config: Config): string {
  const url = to ?? config.databaseUrl;
  if (url === null)
    throw new BadSetting(
      '--to',
      'names the database to move into, as postgres://user:password@host/database.',
    );
  try {
    return SETTINGS.databaseUrl.parse(url)!;
  } catch (cause) {
    throw new BadSetting('--to', (cause as Error).message);
  }
}

async function move(from: string, to: string, json: boolean): Promise<number> {
  // A second Ctrl-C ends the process at once, which does no harm either.
  const stop = untilInterrupted();
  const bars = new Map<string, ReturnType<typeof progress>>();
  try {
    const moved = await moveStore({
      from,
      to,
      signal: stop,
      progress(table, done, total) {
        if (!bars.has(table)) bars.set(table, progress(table.padEnd(12)));
        bars.get(table)!(done, total);
      },
    });
    const { counts, isWhole, secretsFile } = moved;
    printResult(json, { isWhole, tables: counts, secretsFile }, textOf(moved));
    if (!json) say(whatNext(moved, from));
    return isWhole ? EXIT.ok : EXIT.store;
  } catch (cause) {
    if (cause !== stop.reason) throw cause;
    const sentence =
      'stopped. The same command goes on from here; until it has finished, no node starts on the database.';
    if (json) printError('interrupted', sentence);
    else say(`\nposthorn: ${sentence}`);
    return EXIT.interrupted;
  }
}

function textOf({ counts }: MovedStore): string {
  const line = (table: string, source: string, target: string, mark: string): string =>
    `${table.padEnd(12)}${source.padStart(12)}${target.padStart(12)}  ${mark}`.trimEnd();
  return [
    line('', 'source', 'target', ''),
    ...counts.map(({ table, source, target, isSame }) =>
      line(table, String(source), String(target), isSame ? '✓' : '✗ differs'),
    ),
  ].join('\n');
}

function whatNext({ isWhole, secretsFile }: MovedStore, from: string): string {
  if (!isWhole)
    return `
The database does not hold what ${from} holds, so no node starts on it. Look with posthorn doctor whether the file is
sound, then drop the database, create it anew and run the same command again.`;
  const secrets =
    secretsFile === null
      ? 'the ones that its server was started with'
      : `mainSecret and jwtSecret of ${secretsFile}`;
  return `
Everything is there. Set on every node, beside POSTHORN_DATABASE_URL, POSTHORN_MAIN_SECRET and POSTHORN_JWT_SECRET to
${secrets}: what is encrypted in the database opens with no other, and tokens stay valid.
posthorn doctor says whether they fit. Start no server on ${from} again: it would deliver what waits a second time.`;
}
