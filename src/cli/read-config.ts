import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/settings.ts';

/** What every command gets from the command line and the environment. */
export interface GlobalOptions {
  readonly config: Config;
  readonly json: boolean;
}

/** Throws BadSetting. */
export function readConfig(command: Command): GlobalOptions {
  const { config: file, json } = command.optsWithGlobals<{ config?: string; json?: boolean }>();
  const config = loadConfig({
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    file: file ?? null,
  });
  return { config, json: json ?? false };
}

/** Known before the settings are, so that a bad setting is told in the asked-for form too. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json ?? false;
}
