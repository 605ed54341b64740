/** A received event as expressions see it. Nothing is parsed before something asks for what only parsing can tell. */
import type { Event } from '../core/event/event.ts';
import { renderId } from '../core/ids.ts';
import { type EventDocument, eventDocument, type ParsedBody } from '../core/received/event-document.ts';
import type { Expression, ExpressionScope, Template } from '../ports/expressions.ts';
import type { Formats } from '../ports/formats.ts';
import { readsBody } from './live-source.ts';

const UNREAD: ParsedBody = { format: 'none', value: null, files: [], envelope: null, error: null };
const text = new TextDecoder('utf-8', { ignoreBOM: true });

export interface ReadingOptions {
  readonly formats: Formats;
  readonly secrets: Readonly<Record<string, string>>;
  readonly now: number;
}

export class Reading {
  readonly #event: Event;
  readonly #content: Uint8Array;
  readonly #options: ReadingOptions;
  #parsed: ParsedBody | null = null;
  #document: EventDocument | null = null;

  constructor(event: Event, content: Uint8Array, options: ReadingOptions) {
    this.#event = event;
    this.#content = content;
    this.#options = options;
  }

  /** Parses the bytes; synchronous where the format is. Afterwards everything can be evaluated. */
  parse(): undefined | Promise<undefined> {
    if (this.#parsed !== null) return undefined;
    const { headers, readAs, meta, via } = this.#event.received!;
    // Other ways in name the bytes themselves: the headers are a message's own, and its Content-Type is of its body.
    const named = via === 'http' ? null : this.#event.contentType || null;
    const parsed = this.#options.formats.parse({
      headers,
      body: this.#content,
      contentType: readAs?.type ?? named,
      payloadFrom: readAs?.payload ?? null,
      meta,
    });
    if (!(parsed instanceof Promise)) return this.#take(parsed);
    return parsed.then((value) => this.#take(value));
  }

  /** What the bytes say; before they are parsed, nothing. */
  get parsed(): ParsedBody {
    return this.#parsed ?? UNREAD;
  }

  get error(): string | null {
    return this.#parsed?.error ?? null;
  }

  /** The value, or undefined when it could not be had. `type`: what is known of the event's type by now. */
  value(expression: Expression, type: string): unknown {
    const evaluated = expression.evaluate(this.#scope(expression, type));
    return evaluated.ok ? evaluated.value : undefined;
  }

  render(template: Template, type: string): ReturnType<Template['evaluate']> {
    return template.evaluate(this.#scope(template, type));
  }

  document(type: string): EventDocument {
    if (this.#document?.type === type) return this.#document;
    const event = type === this.#event.type ? this.#event : { ...this.#event, type };
    this.#document = eventDocument(event, {
      parsed: this.parsed,
      size: this.#content.length,
      id: renderId(event.id, 'event'),
      source: renderId(event.received?.sourceId ?? '', 'source'),
    });
    return this.#document;
  }

  #scope(read: { reads: ReadonlySet<string> }, type: string): ExpressionScope {
    if (this.#parsed === null && readsBody(read)) throw new Error('What is read of the body was not parsed.');
    const content = this.#content;
    return {
      event: this.document(type),
      // Made only for an expression that reads it.
      get raw() {
        return text.decode(content);
      },
      now: this.#options.now,
      secrets: this.#options.secrets,
    };
  }

  #take(parsed: ParsedBody): undefined {
    this.#parsed = parsed;
    this.#document = null;
  }
}
