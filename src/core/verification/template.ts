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

function renderPart(part: Part, view: CallView): string | readonly Piece[] | undefined {
  if (typeof part === 'string') return part;
  if ('optional' in part) return part.optional(view) ?? '';
  return part.take === 'body' ? [view.call.body] : only(part.take(view));
}

function render(parts: readonly Part[]): Render {
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'object' && 'take' in first && first.take === 'body') {
    return ({ call }) => [call.body];
  }
  return (view) => {
    const pieces: Piece[] = [];
    // Texts that stand together become one: a digest is fed per piece, which costs more than joining them.
    let text = '';
    for (const part of parts) {
      const rendered = renderPart(part, view);
      if (rendered === undefined) return null;
      if (typeof rendered === 'string') text += rendered;
      else {
        if (text !== '') pieces.push(text);
        pieces.push(...rendered);
        text = '';
      }
    }
    if (text !== '') pieces.push(text);
    return pieces;
  };
}
