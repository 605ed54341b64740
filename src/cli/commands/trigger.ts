import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { providerSample } from '../../app/provider-sample.ts';
import { signAsProvider } from '../../app/sign-as-provider.ts';
import type { ApiSource, Client } from '../../client/create-client.ts';
import { ServerProblem } from '../../client/server-problem.ts';
import { BadSetting } from '../../config/parse.ts';
import { addServerOptions, connect, type ServerOptions } from '../connect.ts';
import { repeated } from '../event-filter.ts';
import { printable } from '../event-line.ts';
import { EXIT } from '../exit-codes.ts';
import { findSource } from '../find-source.ts';
import { printResult, runCommand } from '../output.ts';
import { wantsJson } from '../read-config.ts';
import { type CallAnswer, sendCall } from '../send-call.ts';

interface Options extends ServerOptions {
  readonly data?: string;
  readonly header: readonly string[];
  readonly method?: string;
  readonly path?: string;
  readonly providerSample?: boolean;
  readonly sign: boolean;
}

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

const STDIN = 0;

export function addTrigger(program: Command): void {
  const command = program
    .command('trigger')
    .argument('<source>', 'id, uid, name or URL of a source')
    .description('Call a source as its provider would: over its own URL, signed with its secret.')
    .option('--data <data>', 'the body: text, @file, or - for standard input')
    .option('--header <header>', "'Name: value'; may be repeated", repeated, [])
    .option('--method <method>', 'not said: as the provider calls, or POST')
    .option('--path <path>', 'behind the source’s URL: /orders?dry=1')
    .option('--provider-sample', 'send what the provider’s calls look like; the other options change it')
    .option('--no-sign', 'send it without a proof');
  addServerOptions(command).action((ref: string, options: Options) =>
    runCommand(wantsJson(command), async () => {
      const given = readGiven(options);
      const client = connect(options, command);
      const source = await findSource(client, ref);
      const id = randomUUID();
      const call = await callOf(source, { options, given, id });
      const signed = options.sign ? await sign(client, source, { call, id }) : call;
      const answer = await send(signed);
      const { status, text, ms } = answer;
      const line = `${status}  ${ms} ms  ${printable(text, 1000)}`.trimEnd();
      printResult(wantsJson(command), { status, ms, answer: text }, line);
      return status < 400 ? EXIT.ok : EXIT.invalid;
    }),
  );
}

interface Given {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | null;
}

/** Throws BadSetting. */
function readGiven({ data, header, method, path }: Options): Given {
  if (method !== undefined && !/^[A-Za-z]{3,20}$/.test(method))
    throw new BadSetting('--method', 'needs the name of a method, e.g. PUT.');
  if (path !== undefined && !/^[/?][\x21-\x7e]*$/.test(path))
    throw new BadSetting('--path', 'begins with / or ? and is written as in a URL.');
  const headers = header.map((text): [string, string] => {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new BadSetting('--header', `needs 'Name: value', not ${JSON.stringify(text)}.`);
    return [name, value];
  });
  return { headers, body: data === undefined ? null : readData(data) };
}

function readData(data: string): Uint8Array {
  if (data !== '-' && !data.startsWith('@')) return Buffer.from(data);
  const file = data === '-' ? STDIN : data.slice(1);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new BadSetting('--data', `cannot read ${data} (${(cause as NodeJS.ErrnoException).code}).`);
  }
}

/** What was given goes before what the sample has. Throws BadSetting. */
async function callOf(
  source: ApiSource,
  { options, given, id }: { options: Options; given: Given; id: string },
): Promise<Call> {
  const sample = options.providerSample ? await sampleOf(source, id) : null;
  const body = given.body ?? sample?.body ?? Buffer.from('{}');
  const names = new Set(given.headers.map(([name]) => name.toLowerCase()));
  const headers = [
    ...(sample?.headers ?? []).filter(([name]) => !names.has(name.toLowerCase())),
    ...given.headers,
  ];
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.unshift(['Content-Type', isJson(body) ? 'application/json' : 'text/plain; charset=utf-8']);
  const method = (options.method ?? sample?.method ?? 'POST').toUpperCase();
  return { method, url: source.url + (options.path ?? sample?.query ?? ''), headers, body };
}

async function sampleOf({ provider }: ApiSource, id: string) {
  const sample = await providerSample(provider, id);
  if (sample !== null) return sample;
  throw new BadSetting('--provider-sample', `is not known for ${provider}: give the body with --data.`);
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(body).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Throws BadSetting when it cannot be signed: what is refused anyway need not be sent. */
async function sign(
  client: Client,
  source: ApiSource,
  { call, id }: { call: Call; id: string },
): Promise<Call> {
  if (source.provider === 'none') return call;
  const signed = await signAsProvider({
    ...{ call, id, provider: source.provider, config: source.providerConfig, now: Date.now() },
    secrets: await secretsOf(client, source),
  });
  if ('call' in signed) return signed.call;
  throw new BadSetting(
    '<source>',
    `this call cannot be signed: ${signed.cannot}. Give the proof with --header and --no-sign, or send it without one: --no-sign.`,
  );
}

async function secretsOf(client: Client, { id }: ApiSource): Promise<readonly string[]> {
  try {
    const now = Date.now();
    const { secrets } = await client.getSourceSecrets(id);
    return secrets
      .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now)
      .map(({ secret }) => secret);
  } catch (cause) {
    if (!(cause instanceof ServerProblem && cause.status === 403)) throw cause;
    throw new BadSetting(
      '--token',
      'may not read the secret of the source, so the call cannot be signed: take an editor’s, or --no-sign.',
    );
  }
}

/** Throws ServerProblem when no answer comes. */
async function send({ method, url, headers, body }: Call): Promise<CallAnswer> {
  const target = new URL(url);
  const outcome = await sendCall({
    method,
    url: target,
    headers,
    body,
    signal: new AbortController().signal,
  });
  if ('status' in outcome) return outcome;
  if ('unsendable' in outcome) throw new BadSetting('--header', `cannot be sent: ${outcome.unsendable}.`);
  throw new ServerProblem(
    `No answer from the source’s URL at ${target.origin} (${outcome.failed}): is POSTHORN_PUBLIC_URL right, and reachable from here?`,
    { status: null, code: 'unreachable' },
  );
}
