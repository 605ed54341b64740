import type { Command } from 'commander';
import { fittingSecrets } from '../../app/fitting-secrets.ts';
import { DEFAULT_ORGANIZATION, mintToken } from '../../app/mint-token.ts';
import { BadSetting } from '../../config/parse.ts';
import { EXIT } from '../exit-codes.ts';
import { checkOrganization } from '../organization.ts';
import { printResult, runCommand, say } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';

const HOURS_MAX = 24 * 3653;

export function addToken(program: Command): void {
  program
    .command('token')
    .argument('[org]', 'organization, org_…; made on first use', DEFAULT_ORGANIZATION)
    .option('--hours <n>', 'how long it is good for; default ten years')
    .description('Print an access token that owns an organization. Works beside a running server.')
    .action((organization: string, options: { hours?: string }, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config, json } = readConfig(command);
        checkOrganization(organization, '[org]');
        const hours = options.hours === undefined ? HOURS_MAX : Number(options.hours);
        if (!(hours > 0 && hours <= HOURS_MAX))
          throw new BadSetting('--hours', `needs a number above 0 and up to ${HOURS_MAX}.`);
        const secrets = await fittingSecrets(config);
        if (secrets.areNew)
          say(
            `posthorn: made new secrets in ${config.dataDir}; only a server with this data directory takes the token.`,
          );
        const token = await mintToken(secrets, { organization, hours });
        printResult(json, { organization, token }, token);
        return EXIT.ok;
      }),
    );
}
