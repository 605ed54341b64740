import { SETTINGS } from '../src/config/settings.ts';

/** A default as a person would write it in the environment. */
function written(name: string, fallback: unknown): string {
  if (fallback === null) return 'not set';
  if (typeof fallback === 'object' && 'host' in fallback!) {
    const { host, port } = fallback as unknown as { host: string; port: number };
    return `\`${host}:${port}\``;
  }
  if (Array.isArray(fallback))
    return fallback.length === 0
      ? 'none'
      : `\`${fallback.map((item) => duration(item as number)).join(',')}\``;
  if (typeof fallback === 'number' && /Retention|Timeout|After/.test(name))
    return `\`${duration(fallback)}\``;
  return `\`${fallback}\``;
}

function duration(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const;
  const [unit, size] = units.find(([, each]) => ms % each === 0 && ms >= each) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

export function settingsPage(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => {
    const secret = 'isSecret' in setting ? ` Secret; also \`${setting.env}_FILE\`.` : '';
    return `| \`${setting.env}\` | \`${name}\` | ${written(name, setting.fallback)} | ${setting.help}${secret} |`;
  });
  return `# Settings

Environment variables win over the YAML file (\`--config FILE\` or \`POSTHORN_CONFIG\`), the file over the defaults. A
misspelt setting is refused. Durations: a number is seconds; \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`7d\` are taken too. Lists
are comma-separated, JSON, or YAML lists. Secrets that are not set are made at first start and kept (0600) in the data
directory.

| variable | key in the file | default | what it does |
|---|---|---|---|
${rows.join('\n')}

This page is made from \`src/config/settings.ts\` by \`node scripts/make-settings.ts\`.
`;
}
