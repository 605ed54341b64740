/** Splits a template into texts and `{{ expressions }}`. */
import { Problem } from '../core/problem.ts';

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly text: string; readonly at: number };

/** `{{{{` stands for `{{`. Problem `validation` when a part has no end. */
export function templateParts(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = '';
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{{', at);
    if (open < 0) break;
    text += template.slice(at, open);
    if (template.startsWith('{{{{', open)) {
      text += '{{';
      at = open + 4;
      continue;
    }
    const close = endOfExpression(template, open + 2);
    if (close < 0)
      throw new Problem(
        'validation',
        `The "{{" at character ${open + 1} has no "}}"; add it, or write "{{{{" for the signs themselves.`,
      );
    if (text) parts.push({ kind: 'text', text });
    text = '';
    parts.push({ kind: 'expression', text: template.slice(open + 2, close), at: open + 1 });
    at = close + 2;
  }
  text += template.slice(at);
  if (text) parts.push({ kind: 'text', text });
  return parts;
}

/** Where `}}` stands outside of texts, comments and braces of the expression; -1 when nowhere. */
function endOfExpression(template: string, from: number): number {
  let braces = 0;
  for (let at = from; at < template.length; at++) {
    const sign = template[at];
    if (sign === '"' || sign === "'") {
      at = endOfText(template, at);
      if (at < 0) return -1;
    } else if (sign === '/' && template[at + 1] === '/') {
      at = template.indexOf('\n', at);
      if (at < 0) return -1;
    } else if (sign === '{') braces++;
    else if (sign === '}' && braces > 0) braces--;
    else if (sign === '}' && template[at + 1] === '}') return at;
  }
  return -1;
}

/** Index of the last quote of a CEL text that begins at `at`; the library reads escapes in raw texts, too. */
function endOfText(template: string, at: number): number {
  const quote = template[at]!;
  const closing = template.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  for (let next = at + closing.length; next < template.length; next++) {
    if (template[next] === '\\') next++;
    else if (template.startsWith(closing, next)) return next + closing.length - 1;
  }
  return -1;
}
