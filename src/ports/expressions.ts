/** CEL over a received event's document, bounded (the sandbox room implements it; the engine gets it as a value). */
import type { EventDocument } from '../core/received/event-document.ts';

export interface Expressions {
  /** Problem `validation` that says where and what, when the text is no expression or reads what does not exist. */
  compile(text: string): Expression;
  /** A text with `{{ expression }}` in it. Values are written as text; objects and lists as JSON. */
  template(text: string): Template;
}

export interface Expression {
  /** Members of the document that it reads, e.g. `headers`, `body`: a body that nothing reads is never parsed. */
  readonly reads: ReadonlySet<string>;
  evaluate(scope: ExpressionScope): Evaluated<unknown>;
}

export interface Template {
  readonly reads: ReadonlySet<string>;
  evaluate(scope: ExpressionScope): Evaluated<string>;
}

/** Roots: `event` (the whole document), and its members `body`, `headers`, `query`, `method`, `path`, `meta` for short. */
export interface ExpressionScope {
  readonly event: EventDocument;
  /** The bytes as text, for `hmac("sha256", secret("name"), raw, "hex")`. */
  readonly raw: string;
  /** Ms since the epoch: `now`. */
  readonly now: number;
  /** Values that `secret("name")` may give. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** A failure (a missing field, a wrong type, a limit) is a value: what it means is for who asked. */
export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly detail: string };
