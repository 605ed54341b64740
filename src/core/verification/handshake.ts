/** Questions about the receiver itself, and the answers that senders read. */
import { createHash, createHmac } from 'node:crypto';
import type { CallView } from './call-view.ts';
import type { ProofContext } from './proof.ts';
import type { Ack, Answer, Condition, Handshake, Sign } from './provider.ts';
import { isHostAllowed } from './question.ts';
import { refuse } from './refusal.ts';
import { ConstantText, secretKey } from './secret-keys.ts';
import { type CompileContext, compileSelector, only, placeOf } from './selector.ts';
import { compileText } from './template.ts';
import type { HttpAnswer, Verification, VerifierContext } from './verifier.ts';

/** An answer that repeats what was asked is never longer. */
const ANSWER_MAX = 4096;
/** A secret that a sender announces; whoever comes first announces it. */
const CAPTURED_MAX = 1024;

export interface CompiledHandshake {
  readonly signed: boolean;
  fits(view: CallView): boolean;
  answer(view: CallView, context: VerifierContext): Verification | Promise<Verification>;
}

export function compileHandshake(
  handshake: Handshake,
  context: ProofContext & { readonly allowCapture: boolean },
): CompiledHandshake {
  const conditions = handshake.when.map((condition) => compileCondition(condition, context));
  const respond = compileAnswer(handshake.answer, handshake.sign, context);
  const password = compilePassword(handshake.password, context);
  const capture = compileCapture(handshake, context);
  const visit = compileVisit(handshake, context);
  const { methods } = handshake;
  return {
    signed: handshake.signed,
    fits: (view) =>
      methods.includes(view.call.method.toUpperCase()) && conditions.every((holds) => holds(view)),
    answer: (view, verifierContext) => {
      const wrong = password(view);
      if (wrong !== null) return wrong;
      const captured = capture(view);
      if (captured !== null && typeof captured !== 'string') return captured;
      const answer = respond(view);
      if (answer === null || answer.body.length > ANSWER_MAX)
        return refuse(
          'handshake-refused',
          'a question in the provider’s form',
          'another one, or no secret to answer it with',
        );
      return visit(view, verifierContext, { kind: 'handshake', answer, capture: captured });
    },
  };
}

function compileCondition(condition: Condition, context: CompileContext): (view: CallView) => boolean {
  const take = compileSelector(condition.at, context);
  const allowed = condition.is === undefined ? null : [condition.is].flat();
  const shape = condition.matches === undefined ? null : new RegExp(`^(?:${condition.matches})$`);
  return (view) => {
    const value = only(take(view));
    if (condition.absent === true) return value === undefined;
    if (value === undefined) return false;
    return (allowed === null || allowed.includes(value)) && (shape === null || shape.test(value));
  };
}

type Fault = Extract<Verification, { kind: 'refused' }>;

function compilePassword(
  rule: Handshake['password'],
  context: CompileContext,
): (view: CallView) => Fault | null {
  if (rule === undefined) return () => null;
  const take = compileSelector(rule.at, context);
  const configured = context.config[rule.config];
  const wanted = configured === undefined ? null : new ConstantText(configured);
  const expected = `${placeOf(rule.at)} as configured (${rule.config})`;
  return (view) => {
    const value = only(take(view));
    if (wanted !== null && value !== undefined && wanted.equals(value)) return null;
    return refuse(
      'handshake-refused',
      expected,
      wanted === null ? `${rule.config} is not configured` : 'another one',
    );
  };
}

/** An announced secret is answered only where the operator has said that it may be kept. */
function compileCapture(
  { capture }: Handshake,
  context: CompileContext & { readonly allowCapture: boolean },
): (view: CallView) => string | Fault | null {
  if (capture === undefined) return () => null;
  const take = compileSelector(capture, context);
  return (view) => {
    const value = only(take(view));
    if (context.allowCapture && value !== undefined && value !== '' && value.length <= CAPTURED_MAX)
      return value;
    return refuse('handshake-refused', 'consent to keep the secret that the sender announces', 'none');
  };
}

type Reached = Extract<Verification, { kind: 'handshake' }>;

function compileVisit(
  { visit }: Handshake,
  context: CompileContext,
): (view: CallView, context: VerifierContext, reached: Reached) => Verification | Promise<Verification> {
  if (visit === undefined) return (_view, _context, reached) => reached;
  const take = compileSelector(visit.url, context);
  return async (view, { ask }, reached) => {
    const url = only(take(view));
    if (url === undefined || !isHostAllowed(url, visit.hosts))
      return refuse('key-host-refused', `https and the host ${visit.hosts.join(' or ')}`, 'another host');
    const answer = await ask({ method: 'GET', url, headers: {}, body: null });
    if ('failed' in answer) return refuse('sender-unreachable', 'an answer', answer.failed);
    if (answer.status < 200 || answer.status > 299)
      return refuse('sender-unreachable', 'status 200', `status ${answer.status}`);
    return reached;
  };
}

/** null = something that the answer names is absent. Browsers never take an answer for a page. */
function compileAnswer(
  answer: Answer,
  sign: Sign | undefined,
  context: ProofContext,
): (view: CallView) => HttpAnswer | null {
  const body = compileText(answer.body ?? '', context);
  const headers = Object.entries(answer.headers ?? {}).map(
    ([name, template]) => [name.toLowerCase(), compileText(template, context)] as const,
  );
  const signed = sign === undefined ? null : compileSign(sign, context);
  return (view) => {
    if (signed !== null) {
      const value = signed(view);
      if (value === null) return null;
      view.made.signed = value;
    }
    const text = body(view);
    if (text === undefined) return null;
    const made: Record<string, string> = {
      'content-type': answer.contentType ?? 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    };
    for (const [name, render] of headers) {
      const value = render(view);
      if (value === undefined || /[\r\n\0]/.test(value)) return null;
      made[name] = value;
    }
    return { status: answer.status, headers: made, body: text };
  };
}

function compileSign(
  { algorithm, encoding, key, over }: Sign,
  context: ProofContext,
): (view: CallView) => string | null {
  const text = compileText(over, context);
  const [newest] = context.secrets;
  const secret = key === null || newest === undefined ? null : secretKey(newest, key);
  return (view) => {
    const input = text(view);
    if (input === undefined || (key !== null && secret === null)) return null;
    const digest = secret === null ? createHash(algorithm) : createHmac(algorithm, secret);
    return digest.update(input).digest(encoding);
  };
}

/** What an ordinary call is answered with; null = the receiver's own answer will do. */
export function compileAck(
  ack: Ack | null,
  context: ProofContext,
): ((view: CallView, reply: string) => HttpAnswer | null) | null {
  if (ack === null) return null;
  const plain = compileAnswer(ack, undefined, context);
  const saying = ack.reply === undefined ? plain : compileAnswer(ack.reply, ack.reply.sign, context);
  return (view, reply) => {
    view.made.reply = reply;
    return reply === '' ? plain(view) : saying(view);
  };
}
