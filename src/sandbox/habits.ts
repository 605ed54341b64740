/** What people write out of habit (JavaScript, Python, SQL, JSONPath), and what CEL writes for it. */

const FUNCTIONS: Readonly<Record<string, string>> = {
  ...{ len: 'size(x)', length: 'size(x)', count: 'size(x)', isEmpty: 'size(x) == 0' },
  ...{ toLowerCase: 'lower()', toLower: 'lower()', toUpperCase: 'upper()', toUpper: 'upper()' },
  ...{
    includes: 'contains() of a text, or "a" in list',
    match: 're(text, "pattern")',
    test: 're(text, "pattern")',
  },
  ...{ slice: 'substring(from, to)', substr: 'substring(from, to)', toString: 'string(x)', str: 'string(x)' },
  ...{
    parseInt: 'int(x)',
    Number: 'double(x)',
    number: 'double(x)',
    float: 'double(x)',
    parseFloat: 'double(x)',
  },
  ...{ some: 'exists(i, …)', any: 'exists(i, …)', every: 'all(i, …)', find: 'filter(i, …)[0]' },
  ...{ sha256: 'hash("sha256", text, "hex")', md5: 'hash("md5", text, "hex")', parse: 'parseJson(text)' },
  ...{
    stringify: 'json(x)',
    tojson: 'json(x)',
    toJson: 'json(x)',
    Date: 'timestamp(text)',
    date: 'timestamp(text)',
  },
};
const WORDS: Readonly<Record<string, string>> = {
  ...{ undefined: 'null', nil: 'null', None: 'null', NULL: 'null', True: 'true', False: 'false' },
};
const TOKENS: Readonly<Record<string, string>> = {
  ...{ RPAREN: '")"', RBRACKET: '"]"', RBRACE: '"}"', COLON: '":"', IDENTIFIER: 'a name' },
};
/** Around the place of a fault: what stands there, and what to write. The first that fits is told. */
const HABITS: readonly (readonly [before: RegExp, after: RegExp, remedy: string])[] = [
  [/==$/, /^=/, 'write == to compare'],
  [/!=$/, /^=/, 'write != to compare'],
  [/$/, /^=>/, 'write x.map(i, i.name), x.filter(i, i.n > 1), without an arrow'],
  [/(^|[^=!<>])$/, /^=($|[^=])/, 'write == to compare'],
  [/<$/, /^>/, 'write != to compare'],
  [/\ba$/i, /^nd\b/i, 'write && for "and"'],
  [/$/, /^and\b/i, 'write && for "and"'],
  [/$/, /^or\b/i, 'write || for "or"'],
  [/\bo$/i, /^r\b/i, 'write || for "or"'],
  [/\bnot\s+$/i, /^/, 'write ! for "not"'],
  [/$/, /^&/, 'write && for "and"'],
  [/$/, /^\|/, 'write || for "or"'],
  [/$/, /^\$/, 'write body.x for a member of the body, without "$"'],
  [/\[$/, /^\*/, 'write x.exists(i, …), x.all(i, …) or x.map(i, …) for every item'],
  [/\?$/, /^\./, 'write default(body.x.y, other) for what may be missing'],
  [/$/, /^[‘’“”]/, 'write straight quotes: "text"'],
];

/** What to write instead of what stands at this place; undefined where nothing is known. */
export function remedyAt(text: string, at: number): string | undefined {
  if (text.trimStart().startsWith('{{')) return 'leave out {{ and }}: this is an expression, not a template';
  const before = text.slice(0, at);
  const after = text.slice(at);
  return HABITS.find(([behind, ahead]) => behind.test(before) && ahead.test(after))?.[2];
}

/** `Expected RPAREN, got EOF` in words. */
export function inWords(summary: string): string {
  if (summary === 'Unexpected token: EOF') return 'it ends where something should follow';
  const expected = /^Expected (\w+), got EOF$/.exec(summary)?.[1];
  return expected === undefined ? summary : `it ends where ${TOKENS[expected] ?? expected} should follow`;
}

/** CEL has these as methods only. */
export function methodIn(summary: string): string | undefined {
  return /no matching overload for '(contains|startsWith|endsWith|get[A-Z]\w+)\(/.exec(summary)?.[1];
}

/** What does here what that function does elsewhere. */
export function functionFor(name: string): string | undefined {
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

/** What is meant by a name that nothing has: another language's word, or the rest of `headers.x-id`. */
export function nameFor(name: string, text: string, at: number): string | undefined {
  if (Object.hasOwn(WORDS, name)) return WORDS[name];
  const found = /\b((?:headers|body|query|meta|event)(?:\.\w+)*)\.(\w+(?:-\w+)*)-$/.exec(text.slice(0, at));
  if (found === null) return undefined;
  return `${found[1]}["${found[2]}-${/^[\w-]*/.exec(text.slice(at))![0]}"]`;
}
