/** What operations ask about sources and flows before they write them. */
import type { Source, SourceHealth } from '../core/catalog/resources.ts';
import { closestName } from '../core/closest-name.ts';
import type { OrganizationId } from '../core/ids.ts';
import { invalid, Problem } from '../core/problem.ts';
import { isSendableHeader } from '../core/received/forwarding.ts';
import type { EngineParts, Sources, Vault } from './engine.ts';
import { liveSource } from './live-source.ts';
import type { SourceOf, SourceStates } from './source-states.ts';

export interface SourceChecksOptions {
  readonly vault: Vault;
  readonly states: SourceStates;
  /** When the source's newest event since that instant was taken, by any node; null = there is none. */
  readonly lastEventAt: (of: SourceOf, since: number) => Promise<number | null>;
}

export class SourceChecks implements Sources {
  readonly #parts: EngineParts;
  readonly #vault: Vault;
  readonly #options: SourceChecksOptions;

  constructor(parts: EngineParts, options: SourceChecksOptions) {
    this.#parts = parts;
    this.#vault = options.vault;
    this.#options = options;
  }

  get providers(): EngineParts['providers'] {
    return this.#parts.providers;
  }

  check(organization: OrganizationId, source: Source): void {
    const { providers, expressions, clock } = this.#parts;
    if (!providers.has(source.provider)) throw noProvider(source.provider, providers.keys());
    for (const member of ['type', 'orderingKey'] as const) this.#checkMember(source[member], member);
    this.#checkMember(source.dedupe?.key ?? null, 'dedupe', 'key');
    this.#checkAnswer(source);
    asMembers(() =>
      liveSource({ organization, source }, { vault: this.#vault, expressions, providers }, clock.now()),
    );
    this.#checkInput(organization, source);
  }

  secretMembers(kind: Source['kind']): readonly string[] {
    return this.#parts.inboundKinds.find((each) => each.kind === kind)?.secretMembers ?? [];
  }

  checkExpression(text: string, loc: readonly (string | number)[]): void {
    at(loc, () => this.#parts.expressions.compile(text));
  }

  checkTemplate(text: string, loc: readonly (string | number)[]): void {
    at(loc, () => this.#parts.expressions.template(text));
  }

  async health(organization: OrganizationId, source: Source): Promise<SourceHealth> {
    const of = { organization, source };
    const health = await this.#options.states.health(of);
    // What other nodes took, or this one before it was started again, is in the store only.
    const since = health.lastEventAt === null ? source.createdAt : health.lastEventAt + 1;
    const newerAt = await this.#options.lastEventAt(of, since);
    return newerAt === null ? health : { ...health, lastEventAt: newerAt };
  }

  #checkMember(text: string | null, ...loc: string[]): void {
    if (text !== null) this.checkExpression(text, ['body', ...loc]);
  }

  #checkAnswer({ answer }: Source): void {
    if (answer.kind === 'ack' || answer.kind === 'poll') return;
    for (const name of Object.keys(answer.headers))
      if (!isSendableHeader(name))
        throw invalid(
          ['body', 'answer', 'headers', name],
          'Give a header name of letters, digits and hyphens that is not one of the connection’s own.',
        );
    if (answer.kind === 'static') return;
    if (typeof answer.status === 'string') this.checkTemplate(answer.status, ['body', 'answer', 'status']);
    this.checkTemplate(answer.body, ['body', 'answer', 'body']);
    for (const [name, text] of Object.entries(answer.headers))
      this.checkTemplate(text, ['body', 'answer', 'headers', name]);
  }

  #checkInput(organization: OrganizationId, source: Source): void {
    const kind = this.#parts.inboundKinds.find((each) => each.kind === source.kind);
    if (source.kind === 'http' && source.input !== null)
      throw invalid(['body', 'input'], 'A source of kind http has no input: leave it out.');
    if (source.kind === 'http') return;
    if (kind === undefined)
      throw invalid(
        ['body', 'kind'],
        `Sources of kind ${source.kind} are not served here: choose another kind.`,
      );
    const text = source.input === null ? '{}' : this.#vault.open(organization, source.id, source.input);
    kind.check(JSON.parse(text));
  }
}

/** What an expression is told to be wrong with is told of the member that it stands in. */
function at(loc: readonly (string | number)[], compile: () => unknown): void {
  try {
    compile();
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 'validation') throw invalid([...loc], cause.message);
    throw cause;
  }
}

function noProvider(id: string, known: Iterable<string>): Problem {
  const close = closestName(id, known);
  const near = close === undefined ? '' : `did you mean "${close}"? `;
  return invalid(
    ['body', 'provider'],
    `There is no provider ${JSON.stringify(id)}: ${near}GET /api/v1/provider lists them; "none" takes calls from anybody.`,
  );
}

/** Where a verifier's settings stand in a source. */
const MEMBERS: Readonly<Record<string, string>> = {
  ...{
    config: 'providerConfig',
    secret: 'secrets',
    secrets: 'secrets',
    toleranceSeconds: 'toleranceSeconds',
  },
};

/** What a verifier says of its settings is said of the source's members. */
function asMembers(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const errors = error.errors.map((one) => {
      const [first, ...rest] = one.loc;
      const member = MEMBERS[String(first)];
      return member === undefined ? one : { ...one, loc: ['body', member, ...rest] };
    });
    throw new Problem(error.code, error.message, { errors });
  }
}
