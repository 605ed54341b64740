/** Compiles templates (see provider.ts): text and `{selector}`, in `[[…]]` what may be absent. */
import type { CallView } from './call-view.ts';
import type { Template } from './provider.ts';
import { type CompileContext, compileSelector, only, type Take } from './selector.ts';

export type Piece = string | Uint8Array;
/** null = something that the template names is absent. The body stays bytes. */
export type Render = (view: CallView) => readonly Piece[] | null;

type Part = string | { readonly take: Take | 'body' } | { readonly optional: Render };

/** A variable: `{` and a selector. Braces around anything else are text, so JSON can be written as it is. */
const VARIABLE = /\{([a-z][a-zA-Z]*(?::[^{}|]*)?(?:\|[^{}]*)?)\}/g;

export function compileTemplate(template: Template, context: CompileContext): Render {
  const parts = template
    .split(/(\[\[[\s\S]*?\]\])/)
    .flatMap((piece) =>
      piece.startsWith('[[')
        ? [{ optional: render(partsOf(piece.slice(2, -2), context)) }]
        : partsOf(piece, context),
    );
  return render(parts);
}

/** As text; undefined = absent. */
export function compileText(
  template: Template,
  context: CompileContext,
): (view: CallView) => string | undefined {
  const pieces = compileTemplate(template, context);
  return (view) => {
    const rendered = pieces(view);
    if (rendered === null) return undefined;
    return rendered.map((piece) => (typeof piece === 'string' ? piece : view.text)).join('');
  };
}

function partsOf(text: string, context: CompileContext): Part[] {
  return text
    .split(VARIABLE)
    .map((piece, index): Part => {
      if (index % 2 === 0) return piece;
      return { take: piece === 'body' ? 'body' : compileSelector(piece, context) };
    })
    .filter((part) => part !== '');
}

function render(parts: readonly Part[]): Render {
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'object' && 'take' in first && first.take === 'body') {
    return ({ call }) => [call.body];
  }
  return (view) => {
    const pieces: Piece[] = [];
    for (const part of parts) {
      if (typeof part === 'string') pieces.push(part);
      else if ('optional' in part) pieces.push(...(part.optional(view) ?? []));
      else if (part.take === 'body') pieces.push(view.call.body);
      else {
        const text = only(part.take(view));
        if (text === undefined) return null;
        pieces.push(text);
      }
    }
    return pieces;
  };
}
