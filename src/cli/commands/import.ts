import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type ImportOptions, importFromServer } from '../../app/import/import-from-server.ts';
import type { ImportReport } from '../../app/import/import-report.ts';
import { DEFAULT_ORGANIZATION } from '../../app/mint-token.ts';
import { BadSetting } from '../../config/parse.ts';
import type { Config } from '../../config/settings.ts';
import { EXIT } from '../exit-codes.ts';
import { checkOrganization } from '../organization.ts';
import { counting, printResult, runCommand } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';

const TOKEN_VARIABLE = 'POSTHORN_IMPORT_TOKEN';
/** Lines of what was left behind that people are shown; `--json` has more of them. */
const LINES_MAX = 50;

interface Options {
  readonly from: string;
  readonly token?: string;
  readonly organization: string;
  readonly dryRun?: boolean;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .requiredOption('--from <url>', 'address of a running server with a Svix-compatible API')
    .option(
      '--token <token>',
      `a token of that server that owns its organization (better: ${TOKEN_VARIABLE}, or the name of a file in ${TOKEN_VARIABLE}_FILE)`,
    )
    .option('--organization <org>', 'organization here, org_…', DEFAULT_ORGANIZATION)
    .option('--dry-run', 'read everything, write nothing, say what would be done')
    .description(
      'Bring event types, applications and endpoints of another server here, with their ids, uids and secrets. Can be repeated.',
    )
    .action((options: Options, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config, json } = readConfig(command);
        const dryRun = options.dryRun === true;
        const report = await importWithProgress(config, {
          from: options.from,
          token: tokenOf(options),
          organization: checkOrganization(options.organization, '--organization'),
          dryRun,
        });
        const { counts, leftBehind, notes } = report;
        printResult(json, { dryRun, counts, leftBehind, notes }, textOf(report, dryRun));
        return report.isWhole ? EXIT.ok : EXIT.findings;
      }),
    );
}

async function importWithProgress(
  config: Config,
  options: Omit<ImportOptions, 'onFound'>,
): Promise<ImportReport> {
  using found = counting('import', 'found');
  return await importFromServer(config, { ...options, onFound: found.tick });
}

/** Throws BadSetting. */
function tokenOf({ token }: Options): string {
  const text = (token ?? process.env[TOKEN_VARIABLE] ?? tokenFile())?.trim() ?? '';
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new BadSetting(
    '--token',
    `needs an access token of the other server; ${TOKEN_VARIABLE} or ${TOKEN_VARIABLE}_FILE keeps it off the command line.`,
  );
}

function tokenFile(): string | undefined {
  const path = process.env[`${TOKEN_VARIABLE}_FILE`];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BadSetting(`${TOKEN_VARIABLE}_FILE`, `cannot read ${path} (${(cause as Error).message}).`);
  }
}

function textOf({ counts, leftBehind, notes, isWhole }: ImportReport, dryRun: boolean): string {
  const columns = ['found', 'new', 'updated', 'unchanged', 'skipped', 'incomplete'] as const;
  const line = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(30) + cells.map((cell, at) => String(cell).padStart(columns[at]!.length + 3)).join('');
  const total = leftBehind.length;
  const more = total > LINES_MAX ? [`… and more: --json lists them.`] : [];
  return [
    ...(dryRun ? ['Nothing was written. An import would do this:', ''] : []),
    line('', columns),
    ...Object.entries(counts).map(([kind, row]) =>
      line(
        kind,
        columns.map((column) => row[column]),
      ),
    ),
    ...(isWhole ? [] : ['', 'Left behind:']),
    ...leftBehind.slice(0, LINES_MAX).map(({ subject, reason }) => `  ${subject}: ${reason}`),
    ...more,
    ...(notes.length === 0 ? [] : ['', 'Good to know:']),
    ...notes.slice(0, LINES_MAX).map((note) => `  ${note}`),
  ].join('\n');
}
