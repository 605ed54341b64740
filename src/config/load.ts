/** Environment and file to one frozen Config. Pure: reading files is passed in. */
import { parse as parseYaml } from 'yaml';
import { BadSetting, type Given } from './parse.ts';
import { type Config, SETTINGS, type Setting, type SettingName } from './settings.ts';

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
  /** The YAML file to read: `--config`, else POSTHORN_CONFIG; null = none. */
  readonly file: string | null;
}

/** The environment wins over the file, the file over the defaults. Throws BadSetting. */
export function loadConfig(sources: ConfigSources): Config {
  const path = sources.file ?? sources.env.POSTHORN_CONFIG ?? null;
  const file = path === null ? {} : readYaml(path, sources.readFile);
  refuseUnknown(sources.env, file, path);
  const config = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [
      name,
      resolve(name, setting as Setting<unknown>, sources, file),
    ]),
  );
  return Object.freeze(config) as unknown as Config;
}

function resolve(
  name: string,
  setting: Setting<unknown>,
  sources: ConfigSources,
  file: Record<string, Given>,
): unknown {
  const { env } = sources;
  const fromFile = env[`${setting.env}_FILE`];
  const given: [string, Given] | undefined =
    env[setting.env] !== undefined
      ? [setting.env, env[setting.env]!]
      : fromFile !== undefined && setting.isSecret
        ? [`${setting.env}_FILE`, readSecret(`${setting.env}_FILE`, fromFile, sources.readFile)]
        : file[name] !== undefined
          ? [name, file[name]]
          : undefined;
  if (given === undefined || (given[1] === null && setting.fallback === null)) return setting.fallback;
  try {
    return setting.parse(given[1]);
  } catch (cause) {
    throw new BadSetting(given[0], (cause as Error).message);
  }
}

function readSecret(name: string, path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path).trim();
  } catch (cause) {
    throw new BadSetting(name, `cannot read ${path} (${(cause as Error).message}).`);
  }
}

function readYaml(path: string, readFile: (path: string) => string): Record<string, Given> {
  try {
    const value: unknown = parseYaml(readFile(path)) ?? {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, Given>;
  } catch (cause) {
    throw new BadSetting(path, `cannot be used: ${(cause as Error).message}`);
  }
  throw new BadSetting(path, 'needs to be a YAML mapping of setting names to values.');
}

/** Names that are no settings of the server: where its file is, and what clients of it read. */
const NOT_SETTINGS = new Set([
  'POSTHORN_CONFIG',
  'POSTHORN_URL',
  'POSTHORN_SERVER_URL',
  'POSTHORN_TOKEN',
  'POSTHORN_TOKEN_FILE',
  'POSTHORN_IMPORT_TOKEN',
  'POSTHORN_IMPORT_TOKEN_FILE',
]);

/** A misspelt setting would be a silent default, so it is refused. */
function refuseUnknown(env: ConfigSources['env'], file: Record<string, Given>, path: string | null): void {
  const known = new Set(
    Object.values(SETTINGS).flatMap(({ env: name, ...rest }) =>
      'isSecret' in rest ? [name, `${name}_FILE`] : [name],
    ),
  );
  const names = new Set<SettingName>(Object.keys(SETTINGS) as SettingName[]);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('POSTHORN_') || known.has(name) || NOT_SETTINGS.has(name)) continue;
    throw new BadSetting(name, 'is not a setting; docs/settings.md lists them.');
  }
  for (const name of Object.keys(file)) {
    if (!names.has(name as SettingName))
      throw new BadSetting(`${path}: ${name}`, 'is not a setting; docs/settings.md lists them.');
  }
}
