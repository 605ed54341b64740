/** The `posthorn` command. Each command is one file in commands/ and one line here. */
import { Command } from 'commander';
import { VERSION } from '../app/version.ts';
import { addBackup } from './commands/backup.ts';
import { addDoctor } from './commands/doctor.ts';
import { addMigrate } from './commands/migrate.ts';
import { addStart } from './commands/start.ts';
import { addToken } from './commands/token.ts';
import { EXIT } from './exit-codes.ts';

const program = new Command('posthorn')
  .description(
    'A self-hosted webhook hub. Settings come from POSTHORN_… variables and a YAML file (docs/settings.md).',
  )
  .version(VERSION)
  .option('-c, --config <file>', 'YAML file with settings (also: POSTHORN_CONFIG)')
  .option('--json', 'print results as JSON')
  .showHelpAfterError('(posthorn --help lists the commands)')
  .exitOverride((error) => {
    // commander has printed its own sentence; only the exit code is ours.
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.unusable);
  });

for (const add of [addStart, addToken, addMigrate, addBackup, addDoctor]) add(program);

await program.parseAsync(process.argv);
