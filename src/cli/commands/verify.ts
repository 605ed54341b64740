import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { verifyCaptured } from '../../app/verify-captured.ts';
import { EXIT } from '../exit-codes.ts';
import { printError, printResult, runCommand, say } from '../output.ts';
import { wantsJson } from '../read-config.ts';

interface Options {
  readonly provider: string;
  readonly secret: readonly string[];
  readonly at?: number;
}

/** Exit codes of this command: 0 valid, 1 invalid, 2 cannot be told. */
export function addVerify(program: Command): void {
  const config: Record<string, string> = {};
  const keep = (text: string) => {
    const at = text.indexOf('=');
    if (at > 0) config[text.slice(0, at)] = text.slice(at + 1);
  };
  // The program has a `--config <file>`, too, and takes every `--config` for it: what is no pair is that file.
  program.on('option:config', keep);
  program
    .command('verify')
    .description('Verify a captured call as a source with this provider would; asks nobody.')
    .requiredOption('--provider <id>', 'who sent it (docs/providers.md)')
    .option(
      '--secret <secret>',
      'what proves the sender: shared secret, public key, certificate, key set, user:password; may be repeated',
      (secret: string, all: readonly string[]) => [...all, secret],
      [],
    )
    .option('--config <name=value>', 'a value that the provider needs besides; may be repeated', keep)
    .option('--at <unix>', 'judge timestamps as of these Unix seconds', readUnix)
    .argument('<file>', 'the call as JSON {method, url, headers, body, bodyEncoding?}; - = standard input')
    .action((file: string, options: Options, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const read = readCaptured(file);
        const verdict = 'fault' in read ? read : await judge(read.text, { ...options, config });
        if ('fault' in verdict) {
          if (wantsJson(command)) printError('validation', verdict.fault);
          else say(`posthorn: ${verdict.fault}`);
          return EXIT.unusable;
        }
        const { valid, reason, expected, got, unchecked } = verdict;
        const shown = {
          valid,
          reason,
          ...(valid ? {} : { expected, got }),
          ...(unchecked.length > 0 ? { unchecked } : {}),
        };
        printResult(true, shown, '');
        return valid ? EXIT.ok : EXIT.invalid;
      }),
    );
}

async function judge(
  text: string,
  { provider, secret, config, at }: Options & { readonly config: Readonly<Record<string, string>> },
) {
  try {
    return await verifyCaptured({
      provider,
      secrets: secret,
      config,
      at: at ?? null,
      file: text,
      present: Date.now(),
    });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'validation')
      return { fault: cause.message };
    throw cause;
  }
}

function readCaptured(file: string): { readonly text: string } | { readonly fault: string } {
  try {
    return { text: readFileSync(file === '-' ? 0 : file, 'utf8') };
  } catch (cause) {
    return { fault: `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}

function readUnix(text: string): number {
  if (!/^\d{1,12}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('Give Unix seconds.');
  return Number(text);
}
