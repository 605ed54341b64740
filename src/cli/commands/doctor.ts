import { styleText } from 'node:util';
import type { Command } from 'commander';
import { examine } from '../../app/doctor.ts';
import { EXIT } from '../exit-codes.ts';
import { printResult, runCommand } from '../output.ts';
import { readConfig, wantsJson } from '../read-config.ts';

const MARK = { ok: ['green', '✓'], warning: ['yellow', '!'], problem: ['red', '✗'] } as const;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Look whether settings, secrets, store and clock fit together; changes nothing.')
    .action((_options: unknown, command: Command) =>
      runCommand(wantsJson(command), async () => {
        const { config, json } = readConfig(command);
        const findings = await examine(config);
        const lines = findings.map(({ state, about, detail }) => {
          const [colour, mark] = MARK[state];
          return `${styleText(colour, mark)} ${about.padEnd(12)} ${detail}`;
        });
        printResult(json, { findings }, lines.join('\n'));
        return findings.some(({ state }) => state === 'problem') ? EXIT.findings : EXIT.ok;
      }),
    );
}
