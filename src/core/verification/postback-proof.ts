/** The scheme that asks the provider whether a call is its own. */

import type { CallView } from './call-view.ts';
import { atPath, scalarText } from './call-view.ts';
import { type CompiledProof, isRefused, type ProofContext, verified } from './proof.ts';
import type { PostbackProof } from './provider.ts';
import { compileQuestion } from './question.ts';
import { beginningOf, type Refused, refuse } from './refusal.ts';
import { compileText } from './template.ts';
import type { Ask } from './verifier.ts';

type Answer = Awaited<ReturnType<Ask>>;

/** The newest secret is the one that asks. */
export function compilePostback(proof: PostbackProof, context: ProofContext): CompiledProof {
  const question = compileQuestion(proof.ask, context);
  const members = Object.entries(proof.accept.members ?? {}).map(
    ([path, template]) => [path, compileText(template, context)] as const,
  );
  const judge = (view: CallView, answer: Answer): Refused | null => {
    if ('failed' in answer) return refuse('sender-unreachable', 'the provider’s confirmation', answer.failed);
    if (answer.status >= 500 || answer.status === 401 || answer.status === 403 || answer.status === 429)
      return refuse('sender-unreachable', 'the provider’s confirmation', `status ${answer.status}`);
    const text = Buffer.from(answer.body).toString('utf8');
    const { body } = proof.accept;
    if (answer.status < 200 || answer.status > 299 || (body !== undefined && text.trim() !== body))
      return refuse(
        'not-confirmed',
        body ?? 'status 200',
        body === undefined ? `status ${answer.status}` : beginningOf(text.trim()),
      );
    const wrong = members.find(([path, wanted]) => jsonMember(text, path) !== wanted(view));
    return wrong === undefined ? null : refuse('not-confirmed', `the same ${wrong[0]}`, 'another one');
  };
  return {
    isIn: () => true,
    verify: (view, { ask }) => {
      const [secret] = context.secrets;
      if (secret !== undefined) view.made.secret = secret;
      const asked = question(view);
      if (isRefused(asked))
        return asked.reason === 'key-unknown' ? { ...asked, reason: 'not-confirmed' } : asked;
      const key = proof.needsSecret ? 0 : null;
      return ask(asked).then((answer) => judge(view, answer) ?? verified('postback', key, null));
    },
  };
}

function jsonMember(text: string, path: string): string | undefined {
  try {
    return scalarText(atPath(JSON.parse(text), path, 0))[0];
  } catch {
    return undefined;
  }
}
