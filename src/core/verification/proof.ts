/** What every scheme is compiled to. */
import type { CallView } from './call-view.ts';
import type { Check } from './provider.ts';
import { beginningOf, type Refused, refuse } from './refusal.ts';
import { ConstantText } from './secret-keys.ts';
import { type CompileContext, compileSelector, only, placeOf } from './selector.ts';
import { compileText } from './template.ts';
import type { Verification, VerifierContext } from './verifier.ts';

export interface ProofContext extends CompileContext {
  readonly secrets: readonly string[];
  /** null = as the provider says. */
  readonly toleranceSeconds: number | null;
}

export interface CompiledProof {
  /** Whether the call carries this kind of proof at all. */
  isIn(view: CallView): boolean;
  verify(view: CallView, context: VerifierContext): Verification | Promise<Verification>;
}

/** Of what was signed; enough to tell calls apart, too little to be used as a signature. */
export const REPLAY_ID_BYTES = 16;

export function verified(
  scheme: string,
  key: number | null,
  replay: { readonly id: string; readonly until: number } | null,
): Verification {
  return { kind: 'verified', scheme, key, replay };
}

export function isRefused(value: object): value is Refused {
  return 'kind' in value && value.kind === 'refused';
}

/** null = all hold. A template that renders to nothing (its value is not configured) is not checked. */
export function compileChecks(
  checks: readonly Check[] | undefined,
  context: CompileContext,
): ((view: CallView) => Refused | null) | null {
  if (checks === undefined) return null;
  const compiled = checks.map(({ at, equals }) => ({
    at,
    take: compileSelector(at, context),
    wanted: equals.map((template) => compileText(template, context)),
  }));
  return (view) => {
    for (const { at, take, wanted } of compiled) {
      const texts = wanted.flatMap((text) => text(view) ?? []);
      const got = only(take(view));
      if (texts.length === 0) continue;
      if (got === undefined || !texts.some((text) => new ConstantText(text).equals(got)))
        return refuse('claims-mismatch', `${placeOf(at)} as configured`, beginningOf(got));
    }
    return null;
  };
}
