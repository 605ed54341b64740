/** The schemes that show a secret instead of using it: token, basic; and none. */
import { invalid } from '../problem.ts';
import type { CallView } from './call-view.ts';
import { type CompiledProof, type ProofContext, verified } from './proof.ts';
import type { TokenProof } from './provider.ts';
import { lengthOf, refuse } from './refusal.ts';
import { ConstantText } from './secret-keys.ts';
import { compileSelector, only, placeOf } from './selector.ts';

export function compileToken(proof: TokenProof, context: ProofContext): CompiledProof {
  const selectors = [proof.token].flat();
  const takes = selectors.map((selector) => compileSelector(selector, context));
  const { prefix = '' } = proof;
  const secrets = context.secrets.map((secret) => new ConstantText(secret));
  const place = selectors.map(placeOf).join(' or ');
  const expected =
    prefix === '' ? `${place}: the secret` : `${place}: ${JSON.stringify(prefix)} and the secret`;
  const tokenIn = (view: CallView): string | undefined => {
    for (const take of takes) {
      const value = only(take(view));
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return {
    isIn: (view) => tokenIn(view) !== undefined,
    verify: (view) => {
      const value = tokenIn(view);
      if (value === undefined) return refuse('token-missing', expected, 'nothing');
      if (!value.startsWith(prefix)) return refuse('token-mismatch', expected, lengthOf(value));
      const token = value.slice(prefix.length);
      const key = secrets.findIndex((secret) => secret.equals(token));
      return key < 0 ? refuse('token-mismatch', expected, lengthOf(token)) : verified('token', key, null);
    },
  };
}

/** RFC 7617. A secret is `user:password`; the user has no colon, the password may. */
export function compileBasic(context: ProofContext): CompiledProof {
  const expected = 'header Authorization: "Basic " and base64 of user:password';
  if (context.secrets.some((secret) => !secret.includes(':')))
    throw invalid(['secret'], 'Give the user and the password as `user:password`.');
  const secrets = context.secrets.map((secret) => new ConstantText(secret));
  return {
    isIn: (view) => view.header('authorization').length > 0,
    verify: (view) => {
      const value = only(view.header('authorization'));
      if (value === undefined) return refuse('credentials-missing', expected, 'nothing');
      const encoded = /^basic +([A-Za-z\d+/_-]+={0,2}) *$/i.exec(value)?.[1];
      if (encoded === undefined)
        return refuse('credentials-mismatch', expected, 'another scheme, or no base64');
      const credentials = Buffer.from(encoded, 'base64').toString('utf8');
      const key = secrets.findIndex((secret) => secret.equals(credentials));
      if (key < 0) return refuse('credentials-mismatch', expected, lengthOf(credentials));
      return verified('basic', key, null);
    },
  };
}

export const NO_PROOF: CompiledProof = { isIn: () => true, verify: () => verified('none', null, null) };
