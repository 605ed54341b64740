/** The `posthorn` command. Each command is one file in commands/ and one line here. */
import { Command, type CommanderError } from 'commander';
import { VERSION } from '../app/version.ts';
import { addBackup } from './commands/backup.ts';
import { addDoctor } from './commands/doctor.ts';
import { addImport } from './commands/import.ts';
import { addListen } from './commands/listen.ts';
import { addMigrate } from './commands/migrate.ts';
import { addReplay } from './commands/replay.ts';
import { addStart } from './commands/start.ts';
import { addTail } from './commands/tail.ts';
import { addToken } from './commands/token.ts';
import { addTrigger } from './commands/trigger.ts';
import { addVerify } from './commands/verify.ts';
import { EXIT } from './exit-codes.ts';
import { printError } from './output.ts';

// Who read our words may be gone (a closed pipe); that must not end a server, least of all while it stops.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Known before commander has read anything, so that what it refuses is told in the asked-for form too.
const isJson = process.argv.includes('--json');

const program = new Command('posthorn')
  .description(
    'A self-hosted webhook hub. Settings come from POSTHORN_… variables and a YAML file (docs/settings.md).',
  )
  .version(VERSION)
  .option('-c, --config <file>', 'YAML file with settings (also: POSTHORN_CONFIG)')
  .option('--json', 'print results and errors as JSON')
  .showHelpAfterError('(posthorn --help lists the commands, posthorn <command> --help what one takes)')
  .configureOutput(isJson ? { writeErr: () => undefined } : {})
  .exitOverride((error) => {
    if (error.exitCode === 0) process.exit(EXIT.ok);
    // commander has printed its own sentence for people.
    if (isJson) printError('bad-argument', sentenceOf(error));
    process.exit(EXIT.unusable);
  });

function sentenceOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'Name a command; posthorn --help lists them.';
  return `${message.replace(/^error: /, '')}; posthorn --help says how.`;
}

const COMMANDS = [
  ...[addStart, addToken, addListen, addTail, addTrigger, addReplay],
  ...[addMigrate, addBackup, addDoctor, addImport, addVerify],
];
for (const add of COMMANDS) add(program);

await program.parseAsync(process.argv);
