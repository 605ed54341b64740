/** A source made ready to receive: opened secrets, compiled verifier and expressions. Made once per version of the source. */
import type { Sealed, Source, SourceAnswer, SourceSecret } from '../core/catalog/resources.ts';
import type { OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { compileVerifier } from '../core/verification/compile-verifier.ts';
import { credentialPlaces } from '../core/verification/credential-places.ts';
import type { Provider } from '../core/verification/provider.ts';
import type { Verifier } from '../core/verification/verifier.ts';
import type { Expression, Expressions, Template } from '../ports/expressions.ts';
import type { FoundSource, Vault } from './engine.ts';
import type { HiddenNames } from './hide-credentials.ts';
import { withSecrets } from './source-config.ts';

export interface LiveSource {
  readonly organization: OrganizationId;
  readonly source: Source;
  readonly provider: Provider;
  readonly verifier: Verifier;
  /** A secret runs out at this instant: make it anew. */
  readonly until: number;
  readonly type: Expression | null;
  readonly orderingKey: Expression | null;
  readonly dedupeKey: Expression | null;
  readonly answer: LiveAnswer;
  /** What `secret("name")` gives. */
  readonly values: Readonly<Record<string, string>>;
  /** Where calls may carry credentials: sealed at rest. */
  readonly hidden: HiddenNames;
  /** Something here reads what is in the body. */
  readonly readsBody: boolean;
}

export type LiveAnswer =
  | { readonly kind: 'ack' | 'poll' }
  | {
      readonly kind: 'rendered';
      readonly status: number | Template;
      readonly headers: readonly (readonly [string, Template])[];
      readonly body: Template;
    };

/** Headers that may carry credentials, whoever sends them. */
const ALWAYS_HIDDEN = ['authorization', 'proxy-authorization', 'cookie'];

export interface LiveSourceParts {
  readonly vault: Pick<Vault, 'open'>;
  readonly expressions: Expressions;
  readonly providers: ReadonlyMap<string, Provider>;
}

/** Throws Problem validation when its provider, its configuration or its expressions do not hold. */
export function liveSource(
  { organization, source }: FoundSource,
  { vault, expressions, providers }: LiveSourceParts,
  now: number,
): LiveSource {
  const provider = providers.get(source.provider);
  if (provider === undefined)
    throw new Problem('validation', `Its provider ${source.provider} is not known here.`);
  const open = (sealed: Source['secrets']): unknown =>
    sealed === null ? null : JSON.parse(vault.open(organization, source.id, sealed));
  const secrets = ((open(source.secrets) ?? []) as SourceSecret[]).filter(
    ({ expiresAt }) => expiresAt === null || expiresAt > now,
  );
  const compile = (text: string | null) => (text === null ? null : expressions.compile(text));
  const parts = {
    type: compile(source.type),
    orderingKey: compile(source.orderingKey),
    dedupeKey: compile(source.dedupe?.key ?? null),
  };
  const answer = liveAnswer(source.answer, expressions);
  const config = withSecrets(source.providerConfig, provider, (sealed) =>
    vault.open(organization, source.id, sealed as Sealed),
  );
  const places = credentialPlaces(provider, config);
  return {
    ...parts,
    organization,
    source,
    provider,
    verifier: compileVerifier(provider, {
      secrets: secrets.map(({ secret }) => secret),
      config,
      toleranceSeconds: source.toleranceSeconds,
      allowCapture: source.allowCapture && secrets.length === 0,
    }),
    until: Math.min(...secrets.map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY)),
    answer,
    values: (open(source.values) ?? {}) as Record<string, string>,
    hidden: {
      headers: new Set([
        ...ALWAYS_HIDDEN,
        ...places.headers,
        ...source.redactHeaders.map((name) => name.toLowerCase()),
      ]),
      queries: new Set(places.queries),
    },
    readsBody:
      source.onParseError === 'refuse' ||
      [...Object.values(parts), ...templatesOf(answer)].some((read) => read !== null && readsBody(read)),
  };
}

/** Whether an expression looks at anything that has to be parsed first. */
export function readsBody({ reads }: { reads: ReadonlySet<string> }): boolean {
  return reads.has('body');
}

function templatesOf(answer: LiveAnswer): Template[] {
  if (answer.kind !== 'rendered') return [];
  const { status, headers, body } = answer;
  return [body, ...headers.map(([, template]) => template), ...(typeof status === 'number' ? [] : [status])];
}

function liveAnswer(answer: SourceAnswer, expressions: Expressions): LiveAnswer {
  if (answer.kind === 'ack' || answer.kind === 'poll') return { kind: answer.kind };
  const make = (text: string): Template =>
    answer.kind === 'template' ? expressions.template(text) : fixed(text);
  return {
    kind: 'rendered',
    status: typeof answer.status === 'number' ? answer.status : make(answer.status),
    headers: Object.entries(answer.headers).map(([name, text]) => [name, make(text)]),
    body: make(answer.body),
  };
}

function fixed(text: string): Template {
  return { reads: new Set(), evaluate: () => ({ ok: true, value: text }) };
}
