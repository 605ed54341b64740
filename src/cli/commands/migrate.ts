import type { Command } from 'commander';
import { migrateStore } from '../../app/store.ts';
import { EXIT } from '../exit-codes.ts';
import { printResult, runCommand } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description(
      'Bring the store to this version’s schema, after an automatic backup. Refuses while a server runs.',
    )
    .action((_options: unknown, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config, json } = readConfig(command);
        const { from, to } = await migrateStore(config);
        const sentence =
          from === to
            ? `The store is at schema version ${to} already.`
            : `The store went from schema version ${from} to ${to}.`;
        printResult(json, { from, to }, sentence);
        return EXIT.ok;
      }),
    );
}
