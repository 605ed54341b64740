/** Reads a path as people write it: `body.items[].sku`, `body.items[0].sku`, `body["a.b"]`, `headers["x-id"]`. */
import type { SearchPath, SearchStep } from './filter.ts';

const STEP = /\.?([^.[\]"\s]+)|\[(\d{0,6})\]|\["((?:[^"\\]|\\.)*)"\]/y;
const STEPS_MAX = 32;
const PATH_CHARS_MAX = 1000;

/** null = it is none; a path begins with a member of the event document. */
export function parsePath(text: string): SearchPath | null {
  if (text.length > PATH_CHARS_MAX || !/^[A-Za-z]/.test(text)) return null;
  const steps: SearchStep[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const isFirst = steps.length === 0;
    const at = STEP.lastIndex;
    const found = STEP.exec(text);
    if (found === null || steps.length === STEPS_MAX) return null;
    const [, name, index, quoted] = found;
    if (name !== undefined && !isFirst && text[at] !== '.') return null;
    if (name !== undefined) steps.push(name);
    else if (quoted !== undefined) steps.push(unquoted(quoted));
    else steps.push(index === '' ? null : Number(index));
  }
  return steps;
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
