/**
 * Where a reader of a polling endpoint stands: after the event with this `seq` (order of acceptance). The text is
 * opaque to clients; its first letter is the version, so that a store with another kind of order can add its own.
 */
const PATTERN = /^a([0-9a-z]{1,11})$/;

export function renderPosition(seq: number): string {
  return `a${seq.toString(36)}`;
}

/** The `seq`, or undefined when the text is none of ours. */
export function parsePosition(text: string): number | undefined {
  const digits = PATTERN.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const seq = Number.parseInt(digits, 36);
  return Number.isSafeInteger(seq) ? seq : undefined;
}
