/** Which server a command talks to, and as whom: as it is told, else the one of this machine's settings. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { DEFAULT_ORGANIZATION, mintToken } from '../app/mint-token.ts';
import { loadSecrets } from '../app/secrets.ts';
import { type Client, createClient } from '../client/create-client.ts';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import { checkOrganization } from './organization.ts';
import { readConfig } from './read-config.ts';

export interface ServerOptions {
  readonly server?: string;
  readonly token?: string;
  readonly organization?: string;
}

/** Minted for one call: it need not last. */
const MINTED_HOURS = 1;

export function addServerOptions(command: Command): Command {
  return command
    .option('--server <url>', 'the server to talk to (also: POSTHORN_SERVER_URL); not said: this machine’s')
    .option(
      '--token <token>',
      'access token or API key (better: POSTHORN_TOKEN, or the name of a file in POSTHORN_TOKEN_FILE); not said: a token is made, as `posthorn token` does',
    )
    .option('--organization <org>', 'whose token is made, org_…', DEFAULT_ORGANIZATION);
}

/** Throws BadSetting. */
export function connect(options: ServerOptions, command: Command): Client {
  const { config } = readConfig(command);
  const own = ownUrl(config);
  const serverUrl = serverUrlOf(options.server ?? process.env.POSTHORN_SERVER_URL ?? own);
  const given = (options.token ?? process.env.POSTHORN_TOKEN ?? tokenFile())?.trim();
  if (given !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(given)) throw new BadSetting('--token', 'is no access token: copy it whole.');
    return createClient({ serverUrl, token: () => given });
  }
  // A token that our secrets make is nobody else's business.
  if (serverUrl !== own)
    throw new BadSetting(
      '--token',
      `is needed for ${serverUrl}: POSTHORN_TOKEN keeps it off the command line.`,
    );
  return createClient({ serverUrl, token: minter(config, options.organization ?? DEFAULT_ORGANIZATION) });
}

function minter(config: Config, given: string): () => Promise<string> {
  const organization = checkOrganization(given, '--organization');
  const secrets = loadSecrets(config, { make: false });
  return () => mintToken(secrets, { organization, hours: MINTED_HOURS });
}

/** Where the server of these settings is reached from its own machine. */
function ownUrl({ listen: { host, port } }: Config): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function serverUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new BadSetting('--server', 'needs the address of a server, as https://posthorn.example.com.');
  return url.href.replace(/\/+$/, '');
}

function tokenFile(): string | undefined {
  const path = process.env.POSTHORN_TOKEN_FILE;
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BadSetting('POSTHORN_TOKEN_FILE', `cannot read ${path} (${(cause as Error).message}).`);
  }
}
