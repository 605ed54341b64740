import { styleText } from 'node:util';
import type { Command } from 'commander';
import { mintToken } from '../../app/mint-token.ts';
import { storeName } from '../../app/open-storage.ts';
import { type Running, start } from '../../app/start.ts';
import type { Config } from '../../config/settings.ts';
import { EXIT } from '../exit-codes.ts';
import { runCommand, say } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';
import { onInterrupt } from '../until-interrupted.ts';

const BANNER_TOKEN_HOURS = 12;

export function addStart(program: Command): void {
  program
    .command('start')
    .description('Serve until told to stop (SIGTERM, SIGINT).')
    .action((_options: unknown, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config } = readConfig(command);
        const running = await start(config);
        await greet(config, running);
        await untilSignal();
        say('posthorn: stopping; finishing what is in flight …');
        await running.stop();
        return EXIT.ok;
      }),
    );
}

/** A second signal while stopping means now: what is in flight stays queued in the store. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => onInterrupt({ stop: resolve, end: () => process.exit(EXIT.failed) }));
}

async function greet(config: Config, running: Running): Promise<void> {
  const bold = (text: string): string => styleText('bold', text, { stream: process.stderr });
  const isLoopback = ['127.0.0.1', '::1', 'localhost'].includes(config.listen.host);
  // A token in a log that others read would be a leak; on loopback the reader is the operator.
  const token = isLoopback
    ? await mintToken(running.secrets, { hours: BANNER_TOKEN_HOURS })
    : '$(posthorn token)';
  say('');
  say(
    `${bold('Posthorn')} serves on ${bold(running.url)}   API: ${running.url}/docs   store: ${storeName(config)}`,
  );
  say(
    isLoopback
      ? `A token for the next ${BANNER_TOKEN_HOURS} hours is in the line below; \`npx posthorn token\` prints a lasting one.`
      : '',
  );
  say('Try it: make an application, the thing that endpoints and messages belong to:');
  say('');
  // PUT makes it or finds it made: the line works again after each start.
  say(`  curl -s ${running.url}/api/v1/app/first -X PUT -H 'content-type: application/json' \\`);
  say(`    -d '{"name":"My first customer"}' \\`);
  say(`    -H "authorization: Bearer ${token}"`);
  say('');
}
