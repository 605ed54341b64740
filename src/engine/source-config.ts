/** What a source's provider is configured with: values that prove something are sealed like its secrets. */
import type { Source } from '../core/catalog/resources.ts';
import type { Provider } from '../core/verification/provider.ts';

type Config = Source['providerConfig'];

/** Each secret value changed: sealed, opened or masked. */
export function withSecrets(
  config: Config,
  provider: Provider | undefined,
  change: (value: string) => string,
): Config {
  const secret = new Set(provider?.config.filter(({ isSecret }) => isSecret).map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, secret.has(name) ? change(value) : value]),
  );
}
