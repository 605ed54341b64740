/**
 * `expire-all` ends the app tokens that were issued before it, at once or after a while. One cut-off never takes another
 * back: a token that has ended stays ended, and one that is about to end does so at its first hour.
 */
import type { Application } from '../catalog/resources.ts';
import { Problem } from '../problem.ts';

/** From the instant `from` on, tokens issued before `issuedBefore` are refused. */
export interface TokenCutoff {
  readonly issuedBefore: number;
  readonly from: number;
}

type Cutoffs = Pick<Application, 'tokensValidFrom' | 'tokensExpiring'>;

/** Cut-offs of one application that have not begun yet. */
export const TOKEN_CUTOFFS_MAX = 50;

/** Tokens issued before this instant are refused now. */
export function tokensValidFrom(application: Cutoffs, now: number): number {
  const begun = (application.tokensExpiring ?? []).filter(({ from }) => from <= now);
  return Math.max(application.tokensValidFrom, ...begun.map(({ issuedBefore }) => issuedBefore));
}

/** The application's cut-offs with one more, which begins in `delayMs`. */
export function withTokenCutoff(
  application: Cutoffs,
  { now, delayMs }: { readonly now: number; readonly delayMs: number },
): Cutoffs {
  // The ms after now, so that a token made in this very ms ends too.
  const cutoff = { issuedBefore: now + 1, from: now + delayMs };
  if (delayMs === 0) return { tokensValidFrom: cutoff.issuedBefore, tokensExpiring: [] };
  // Those that would begin later than the new one are part of it.
  const sooner = (application.tokensExpiring ?? []).filter(({ from }) => from > now && from < cutoff.from);
  if (sooner.length >= TOKEN_CUTOFFS_MAX) {
    throw new Problem(
      'limit_reached',
      `${TOKEN_CUTOFFS_MAX} such calls have yet to take effect: wait for one of them, or leave \`expiry\` out.`,
    );
  }
  return { tokensValidFrom: tokensValidFrom(application, now), tokensExpiring: [...sooner, cutoff] };
}
