/** Settings of a polled API. */
import Type from 'typebox';
import { ASK_MEMBERS, ASK_SECRETS, type Ask, askOf, everySeconds } from '../asking/ask-settings.ts';
import { settingsCheck, wrong } from '../check-settings.ts';

const BODY_CHARS_MAX = 65_536;
const PATH_CHARS_MAX = 500;
const IGNORED_MAX = 50;
const PAGES_MAX = 100;
const EVERY_SECONDS = 300;
const EVERY_SECONDS_MIN = 5;

const path = Type.String({ maxLength: PATH_CHARS_MAX });
const text = Type.String({ minLength: 1, maxLength: PATH_CHARS_MAX });

const PollShape = Type.Object(
  {
    ...ASK_MEMBERS,
    everySeconds: everySeconds(EVERY_SECONDS_MIN),
    method: Type.Optional(Type.Union([Type.Literal('GET'), Type.Literal('POST'), Type.Literal('PUT')])),
    body: Type.Optional(Type.String({ maxLength: BODY_CHARS_MAX })),
    /** Where the list is in the answer: `/data/items` (RFC 6901) or `data.items`; '' = the answer is the list. */
    items: Type.Optional(path),
    /** Where an item's id is in the item. */
    idKey: Type.Optional(text),
    /** The query parameter that says from where to go on, and where the answer gives its next value. */
    cursor: Type.Optional(
      Type.Object({ param: text, from: text, initial: Type.Optional(text) }, { additionalProperties: false }),
    ),
    /** `link`: follow `Link: <…>; rel="next"` (RFC 8288). */
    pages: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('link')])),
    pagesMax: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGES_MAX })),
    /** Members of an item whose change is none: `updatedAt`, `stats.views`. */
    ignore: Type.Optional(Type.Array(text, { maxItems: IGNORED_MAX })),
    emitDeleted: Type.Optional(Type.Boolean()),
    firstRun: Type.Optional(Type.Union([Type.Literal('silent'), Type.Literal('emit')])),
  },
  { additionalProperties: false },
);

export interface PollSettings extends Ask {
  readonly everyMs: number;
  readonly jitterMs: number;
  readonly method: string;
  readonly body: string | null;
  /** null = the whole document is one item. */
  readonly items: string | null;
  readonly idKey: string;
  readonly cursor: { readonly param: string; readonly from: string; readonly initial: string | null } | null;
  readonly followsLinks: boolean;
  readonly pagesMax: number;
  readonly ignore: readonly string[];
  readonly emitDeleted: boolean;
  readonly firstRun: 'silent' | 'emit';
  readonly typePrefix: string;
}

/** `body` may hold a key, too. */
export const POLL_SECRETS: readonly string[] = [...ASK_SECRETS, 'body'];

const check = settingsCheck(PollShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function pollSettings(input: unknown): PollSettings {
  const given = check(input);
  const { everySeconds: seconds = EVERY_SECONDS, jitterSeconds = seconds / 10, items = null } = given;
  const cursor = given.cursor === undefined ? null : { initial: null, ...given.cursor };
  if (items === null) {
    if (cursor !== null) throw wrong(['cursor'], 'A cursor needs `items`: where the list is in the answer.');
    if (given.pages === 'link')
      throw wrong(['pages'], 'Pages need `items`: where the list is in the answer.');
  }
  if (cursor !== null && given.emitDeleted === true)
    throw wrong(
      ['emitDeleted'],
      'With a cursor each answer is a part, in which nothing can be seen to be missing.',
    );
  if (given.body !== undefined && (given.method ?? 'GET') === 'GET')
    throw wrong(['body'], 'A GET has no body; say method POST.');
  return {
    ...askOf(given),
    everyMs: seconds * 1000,
    jitterMs: jitterSeconds * 1000,
    method: given.method ?? 'GET',
    body: given.body ?? null,
    items,
    idKey: given.idKey ?? 'id',
    cursor,
    followsLinks: given.pages === 'link',
    pagesMax: given.pagesMax ?? 10,
    ignore: given.ignore ?? [],
    emitDeleted: given.emitDeleted ?? false,
    firstRun: given.firstRun ?? 'silent',
    typePrefix: given.typePrefix ?? 'poll',
  };
}
