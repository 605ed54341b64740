/** Small pieces that every contract file builds its shapes from. */
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';

/** The value or null, as the wire has it for members that may be cleared. */
export function Nullable<Shape extends TSchema>(shape: Shape) {
  return Type.Union([shape, Type.Null()]);
}

/** Options of a shape without other members: a misspelt condition must not be read as none. */
export const STRICT = { additionalProperties: false } as const;

/** What people call a resource. */
export const Name = Type.String({ minLength: 1, maxLength: 256, description: 'For people.' });

/** An RFC 3339 instant in an answer, always UTC. */
export const Instant = Type.String({ format: 'date-time' });

/** An instant (ms since the epoch) as the wire has it: `2026-11-23T14:00:00.000Z`. */
export function renderInstant(atMs: number): string {
  return new Date(atMs).toISOString();
}

const INSTANT = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?$|^\d{4}-\d\d-\d\d$/;

/** Ms since the epoch, or undefined when the text is no instant. Without an offset it is UTC. */
export function parseInstant(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined;
  const upper = text.toUpperCase().replace(' ', 'T');
  const hasOffset = /(Z|[+-]\d\d:?\d\d)$/.test(upper) && upper.includes('T');
  const at = Date.parse(hasOffset || !upper.includes('T') ? upper : `${upper}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Only the members that the shape names: unknown ones are allowed in requests, and must not reach code that would
 * know what to do with them although nobody has checked them.
 */
export function onlyMembers<Properties extends TProperties>(
  shape: TObject<Properties>,
  value: Static<TObject<Properties>>,
): Static<TObject<Properties>> {
  const members = Object.entries(value as object).filter(([name]) => Object.hasOwn(shape.properties, name));
  return Object.fromEntries(members) as Static<TObject<Properties>>;
}
