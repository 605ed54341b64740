/** All pages of one round, before anything of it is looked at: a round that breaks in the middle changes nothing. */
import { type Asker, type Validators, validatorsOf } from '../asking/ask.ts';
import { Trouble } from '../asking/trouble.ts';
import { stepsOf, valueAt } from './at-path.ts';
import { ITEMS_MAX } from './compare-items.ts';
import { type Document, nextPage, readAnswer } from './read-answer.ts';
import type { PollSettings } from './settings.ts';

export interface Round {
  /** The elements of the lists of all pages; or the one document. */
  readonly content:
    | { readonly list: readonly unknown[] }
    | { readonly json: unknown }
    | { readonly text: string };
  /** No page was left out. */
  readonly isWhole: boolean;
  /** For the next round; null when one answer does not say whether all is unchanged. */
  readonly validators: Validators | null;
  /** The next value of the cursor's parameter; null = none was given. */
  readonly position: string | null;
}

const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Of all pages together. */
const ROUND_BYTES_MAX = 32 * 1024 * 1024;
const POSITION_CHARS_MAX = 2_000;
const ACCEPT = 'application/json, */*;q=0.5';

export interface Fetching {
  readonly asker: Asker;
  readonly settings: PollSettings;
  readonly signal: AbortSignal;
}

export interface Since {
  readonly position: string | null;
  readonly validators: Validators | null;
}

/** null = nothing has changed since the round that gave `validators`. */
export async function fetchRound({ asker, settings, signal }: Fetching, since: Since): Promise<Round | null> {
  const { method, body, items } = settings;
  const bytes = body === null ? null : Buffer.from(body);
  const list: unknown[] = [];
  let { position, validators } = since;
  let read = 0;
  let url = urlAt(settings, position);
  for (let page = 1; ; page++) {
    const asking = { url, method, body: bytes, accept: ACCEPT, answerBytesMax: ANSWER_BYTES_MAX, signal };
    const answer = await asker.ask({ ...asking, validators: page === 1 ? validators : null });
    if (answer === null) return null;
    read += answer.body.length;
    if (read > ROUND_BYTES_MAX)
      throw new Trouble(`The pages are larger than ${ROUND_BYTES_MAX} bytes together`);
    const document = readAnswer(answer);
    validators = page === 1 ? validatorsOf(url, answer) : null;
    if (items === null) return { content: document, isWhole: true, validators, position };
    for (const item of listIn(document, items)) list.push(item);
    if (list.length > ITEMS_MAX)
      throw new Trouble(`The answer holds more than ${ITEMS_MAX} items; ask for fewer, or with a cursor`);
    const next = nextOf(settings, { document, link: answer.headers.link, url: answer.url, position });
    position = next.position;
    const isWhole = next.url === null || next.url === url;
    if (isWhole || page >= settings.pagesMax)
      return { content: { list }, isWhole, validators: isWhole ? validators : null, position };
    url = next.url;
  }
}

function listIn(document: Document, path: string): readonly unknown[] {
  const list = 'json' in document ? valueAt(document.json, stepsOf(path)) : undefined;
  if (Array.isArray(list)) return list;
  throw new Trouble(
    'json' in document
      ? `There is no list at "${path}" in the answer; say in \`items\` where it is`
      : 'The answer is not JSON, so there are no `items` in it',
  );
}

interface Next {
  /** What to ask at once, because there is more. */
  readonly url: string | null;
  readonly position: string | null;
}

interface Page {
  readonly document: Document;
  readonly link: string | undefined;
  readonly url: string;
  readonly position: string | null;
}

function nextOf(settings: PollSettings, page: Page): Next {
  const { cursor, followsLinks } = settings;
  const linked = followsLinks ? nextPage(page.link, page.url) : null;
  if (cursor === null) return { url: linked, position: null };
  const { document } = page;
  const found = 'json' in document ? valueAt(document.json, stepsOf(cursor.from)) : undefined;
  const isGiven = (typeof found === 'string' && found !== '') || typeof found === 'number';
  if (isGiven && String(found).length > POSITION_CHARS_MAX)
    throw new Trouble(`The value at "${cursor.from}" is too long for a cursor`);
  const position = isGiven ? String(found) : page.position;
  if (linked !== null || followsLinks) return { url: linked, position };
  const hasMoved = position !== null && position !== page.position;
  return { url: hasMoved ? urlAt(settings, position) : null, position };
}

function urlAt({ url, cursor }: PollSettings, position: string | null): string {
  const value = position ?? cursor?.initial ?? null;
  if (cursor === null || value === null) return url;
  const asked = new URL(url);
  asked.searchParams.set(cursor.param, value);
  return asked.href;
}
