/** Renders what is asked of a stranger, and refuses hosts that are not the provider's. */
import type { CallView } from './call-view.ts';
import type { Question } from './provider.ts';
import { beginningOf, type Refused, refuse } from './refusal.ts';
import type { CompileContext } from './selector.ts';
import { compileTemplate, compileText } from './template.ts';
import type { Ask } from './verifier.ts';

export type Asked = Parameters<Ask>[0];

export function compileQuestion(
  question: Question,
  context: CompileContext,
): (view: CallView) => Asked | Refused {
  const url = compileText(question.url, context);
  const body = question.body === undefined ? null : compileTemplate(question.body, context);
  const headers = Object.entries(question.headers ?? {}).map(
    ([name, template]) => [name, compileText(template, context)] as const,
  );
  return (view) => {
    const target = url(view);
    if (target === undefined) return refuse('key-unknown', 'what names the object to ask for', 'nothing');
    if (question.hosts !== undefined && !isHostAllowed(target, question.hosts))
      return refuse('key-host-refused', `https and the host ${question.hosts.join(' or ')}`, hostOf(target));
    const pieces = body?.(view) ?? null;
    return {
      method: question.method ?? 'GET',
      url: target,
      headers: Object.fromEntries(
        headers.flatMap(([name, text]) => {
          const value = text(view);
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
      body: pieces === null ? null : Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))),
    };
  };
}

/** `sns.s3-us-west-2.amazonaws.com` is whoever's bucket is called sns. */
const BUCKET = /(?:^|\.)s3[.-]/;

/** https, no user, no port, and a host (with the path, where the pattern has one) that a pattern allows. */
export function isHostAllowed(url: string, patterns: readonly string[]): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || parsed.protocol !== 'https:' || parsed.port !== '') return false;
  if (parsed.username !== '' || parsed.password !== '') return false;
  if (BUCKET.test(parsed.hostname)) return false;
  return patterns.some((pattern) => {
    const [host = '', ...path] = pattern.split('/');
    if (!globOf(host).test(parsed.hostname)) return false;
    // With a query, one file had any number of names.
    return path.length === 0 || (parsed.search === '' && globOf(`/${path.join('/')}`).test(parsed.pathname));
  });
}

/** `*` = letters, digits and `-`. Patterns come from the table, never from a call. */
function globOf(pattern: string): RegExp {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[A-Za-z0-9-]+');
  return new RegExp(`^${source}$`);
}

function hostOf(url: string): string {
  return URL.canParse(url) ? beginningOf(new URL(url).host) : 'not a URL';
}
