import type { Command } from 'commander';
import { backupStore } from '../../app/store.ts';
import { EXIT } from '../exit-codes.ts';
import { printResult, progress, runCommand, say } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';

export function addBackup(program: Command): void {
  program
    .command('backup')
    .argument('<file>', 'the copy to write; it must not exist yet')
    .description('Write a consistent copy of the store, also while the server runs.')
    .action((file: string, _options: unknown, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config, json } = readConfig(command);
        const bytes = await backupStore(config, file, progress('backup'));
        printResult(json, { file, bytes }, `${file}: ${(bytes / 1e6).toFixed(1)} MB.`);
        if (!json)
          say(
            'The secret that encrypts secrets is not inside: keep POSTHORN_MAIN_SECRET, or secrets.json of the data directory, apart from it.',
          );
        return EXIT.ok;
      }),
    );
}
