import type { Proof, Provider } from '../src/core/verification/provider.ts';
import { placeOf } from '../src/core/verification/selector.ts';
import { PROVIDERS } from '../src/providers/index.ts';

const SCHEMES: Readonly<Record<Proof['scheme'], string>> = {
  hmac: 'an HMAC with a shared secret',
  hash: 'a plain digest with the secret in it (weak; only as old senders have it)',
  pubkey: 'a signature with the provider’s private key',
  jwt: 'a signed token',
  token: 'a shared secret, sent along',
  basic: 'user and password (HTTP Basic)',
  postback: 'nothing; the provider is asked about each call',
  none: 'nothing; the URL is the secret',
};

function proofText(provider: Provider): string {
  return [provider.proof, ...provider.alternatives].map(oneProof).join('; or ');
}

function oneProof(proof: Proof): string {
  switch (proof.scheme) {
    case 'hmac':
    case 'hash':
    case 'pubkey':
      return `${proof.scheme} ${proof.algorithm}, ${places(proof.signature)}`;
    case 'token':
      return `token, ${places(proof.token)}`;
    case 'jwt':
      return `jwt ${proof.algorithms.length > 3 ? 'HS, RS, ES, EdDSA' : proof.algorithms.join(', ')}, ${places(proof.token)}`;
    default:
      return proof.scheme;
  }
}

function places(selectors: string | readonly string[]): string {
  return [selectors]
    .flat()
    .map((selector) => escaped(placeOf(selector)))
    .join(' or ');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}

function configText({ config }: Provider): string {
  return config
    .map(({ name, required, default: standard }) => {
      if (required) return `**\`${name}\`**`;
      return standard === undefined ? `\`${name}\`` : `\`${name}\` (${standard})`;
    })
    .join(', ');
}

function answersText({ handshakes, ack }: Provider): string {
  const kinds = [...new Set(handshakes.map(({ action }) => action)), ...(ack === null ? [] : ['ack'])];
  return kinds.join(', ');
}

function row(provider: Provider): string {
  const { id, name, status, capability, secret } = provider;
  const title = status === 'alive' ? name : `${name} (${status})`;
  const cells = [
    `\`${id}\``,
    `**${escaped(title)}**: ${escaped(capability)}`,
    proofText(provider) + tolerance(provider),
    escaped(secret ?? ''),
    configText(provider),
    answersText(provider),
    escaped(provider.provenBy ?? ''),
  ];
  return `| ${cells.join(' | ')} |`;
}

function tolerance({ proof }: Provider): string {
  if (!('timestamp' in proof) || proof.timestamp === undefined) return '';
  return `, ±${proof.timestamp.toleranceSeconds ?? 300} s`;
}

function notes(): string {
  return sorted()
    .filter((provider) => provider.notes.length > 0)
    .map(({ id, notes: all }) => `- \`${id}\`: ${all.map(escaped).join(' ')}`)
    .join('\n');
}

function honours(): string {
  return sorted()
    .flatMap(({ id, modernHonour }) =>
      modernHonour === null ? [] : [`- \`${id}\`: ${escaped(modernHonour)}`],
    )
    .join('\n');
}

function configs(): string {
  return sorted()
    .flatMap(({ id, config }) =>
      config.map(({ name, about }) => `- \`${id}\` \`${name}\`: ${escaped(about)}`),
    )
    .join('\n');
}

function sorted(): readonly Provider[] {
  return [...PROVIDERS.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const BY_HAND = `## Verify by hand

\`\`\`sh
posthorn verify --provider github --secret "$SECRET" call.json
\`\`\`

\`call.json\` is \`{"method", "url", "headers", "body"}\`: \`headers\` as an object (of texts or lists) or as a list of
pairs; \`body\` exactly as it came, or its base64 with \`"bodyEncoding": "base64"\`; \`url\` as the sender knows it.
\`--secret\` is whatever the column "secret" says: a shared secret, a public key or certificate (PEM, base64, hex, JWK,
JWKS), or \`user:password\`; it may be repeated. \`--config name=value\` gives what the column "configuration" names.
\`--at\` judges timestamps as of those Unix seconds; without it, as of \`now\` in the file, else as of the present.
It prints \`{"valid": …, "reason": …}\` and ends with 0 (valid), 1 (not valid) or 2 (cannot be told: another file,
secret or configuration is needed, or the provider has to be asked). Nobody is asked. \`unchecked\` names values that
were not given, so that nothing was compared with them.

## Add one

Add a row to the file of its family in \`src/providers/\`, and a recorded call to \`src/providers/vectors/\`, made or
accepted by the provider's own library if there is one. \`src/core/verification/provider.ts\` explains the members.

\`\`\`ts
{
  id: 'acme',
  name: 'Acme',
  family: 'timestamped-hmac',
  capability: 'orders and refunds',
  proof: {
    scheme: 'hmac',
    algorithm: 'sha256',
    signature: 'header:Acme-Signature[v1]',
    encoding: 'hex',
    signed: '{timestamp}.{body}',
    timestamp: { from: 'header:Acme-Signature[t]', format: 's', toleranceSeconds: 300 },
  },
  eventType: ['{json:type}'],
  deliveryId: ['{json:id}'],
  confidence: 'docs',
},
\`\`\`

Then \`node scripts/make-providers.ts\`. The tests compile every row, feed it arbitrary calls, and change its vectors.

`;

export function providersPage(): string {
  const counts = Object.entries(SCHEMES).map(([scheme, text]) => {
    const many = sorted().filter(({ proof }) => proof.scheme === scheme).length;
    return `| \`${scheme}\` | ${text} | ${many} |`;
  });
  return `# Providers

A provider says how one outside service proves its calls, shakes hands and names its events. It is chosen per source
(\`provider\`); a source without one takes calls of anybody who knows its URL (\`none\`). Made by
\`node scripts/make-providers.ts\` from the table in [src/providers](../src/providers/README.md).

| scheme | what proves the sender | providers |
|---|---|---|
${counts.join('\n')}

What is signed is verified over the bytes as they came, in constant time, with each of the source's active secrets; of
several signatures any one may fit. Where a timestamp is signed, it may be off by the tolerance in the table (a source's
\`toleranceSeconds\` takes its place), and the same call is taken once. A call that fails is answered 401 and kept in
the log of refused calls with the reason, the form that was expected and the beginning of what came.

${BY_HAND}## All of them

Configuration in bold is required. Handshakes: \`static\`, \`echo\`, \`sign\`, \`capture\` (a secret that the sender
announces is kept once, where the source allows it) and \`visit\`; \`ack\` = the sender reads the answer to its calls.

| id | provider | proof | secret | configuration | answers | proven by |
|---|---|---|---|---|---|---|
${sorted().map(row).join('\n')}

## Configuration

${configs()}

## Worth knowing

${notes()}

## Gone, or never documented

What does their job here:

${honours()}
`;
}
