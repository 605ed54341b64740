/** Where a provider's calls carry a secret itself: what is hidden at rest and masked when a call is shown. */
import type { Proof, Provider } from './provider.ts';

export interface CredentialPlaces {
  /** Lower-case names. */
  readonly headers: readonly string[];
  /** Names of query parameters. */
  readonly queries: readonly string[];
  /** Form fields and JSON members, in dotted form; `*` = every item. */
  readonly members: readonly string[];
}

export function credentialPlaces(
  { proof, alternatives, handshakes, config: fields }: Provider,
  config: Readonly<Record<string, string>>,
): CredentialPlaces {
  const selectors = [
    ...[proof, ...alternatives].flatMap(selectorsOf),
    ...handshakes.flatMap(({ capture, password }) => [capture ?? [], password?.at ?? []].flat()),
  ];
  const named = (name: string) => {
    if (!name.startsWith('@')) return name;
    const field = fields.find((each) => each.name === name.slice(1));
    return config[name.slice(1)] ?? field?.default ?? '';
  };
  const of = (...sources: readonly string[]) =>
    selectors.flatMap((selector) => {
      const [, source = '', name = ''] = /^(\w+):([^|[]+)/.exec(selector) ?? [];
      return sources.includes(source) && named(name) !== '' ? [named(name)] : [];
    });
  return {
    headers: of('header').map((name) => name.toLowerCase()),
    queries: of('query'),
    members: of('form', 'json'),
  };
}

function selectorsOf(proof: Proof): readonly string[] {
  if (proof.scheme === 'basic') return ['header:authorization'];
  return proof.scheme === 'token' || proof.scheme === 'jwt' ? [proof.token].flat() : [];
}
