/** The names that a provider gives its calls. */
import { CallView } from './call-view.ts';
import { decodeJws } from './jws.ts';
import type { Proof, Provider, Template } from './provider.ts';
import { type CompileContext, compileSelector, only } from './selector.ts';
import { compileText } from './template.ts';
import type { Description, ReceivedCall } from './verifier.ts';

const NAME_MAX = 256;

export function compileDescribe(
  provider: Provider,
  context: CompileContext,
): (call: ReceivedCall) => Description {
  const type = firstOf(provider.eventType, context);
  const deliveryId = firstOf(provider.deliveryId, context);
  const payload = provider.payload === null ? null : compileSelector(provider.payload, context);
  const readClaims = compileClaims(provider.proof, context);
  return (call) => {
    const view = new CallView(call);
    readClaims?.(view);
    return {
      type: type(view),
      deliveryId: deliveryId(view),
      payload: payload === null ? null : (only(payload(view)) ?? null),
    };
  };
}

function firstOf(templates: readonly Template[], context: CompileContext): (view: CallView) => string | null {
  const compiled = templates.map((template) => compileText(template, context));
  return (view) => {
    for (const render of compiled) {
      const text = render(view);
      if (text !== undefined && text !== '' && text.length <= NAME_MAX) return text;
    }
    return null;
  };
}

/** Only for names: whether the token is genuine has been decided before. */
function compileClaims(proof: Proof, context: CompileContext): ((view: CallView) => void) | null {
  if (proof.scheme !== 'jwt') return null;
  const takes = [proof.token].flat().map((selector) => compileSelector(selector, context));
  return (view) => {
    const token = only(takes.flatMap((take) => take(view)))
      ?.split(' ')
      .at(-1);
    view.claims = token === undefined ? undefined : decodeJws(token)?.claims;
  };
}
