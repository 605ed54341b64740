/**
 * Reads single values out of XML, in one pass: no entities but the five of XML itself, no DTD, nothing is built. What is
 * not well-formed ends the reading.
 */

const DEPTH_MAX = 64;
/** Characters of one element's attributes that are looked through. */
const ATTRIBUTES_MAX = 4096;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

interface Token {
  readonly kind: 'text' | 'open' | 'close' | 'empty';
  /** Local name of an element; of text, the text. */
  readonly value: string;
  readonly attributes: string;
}

/**
 * The text of the first element at a path of local names (`Notification.Id`; each below the one before, at any depth),
 * or of its attribute (`sObject@type`, `@serial-number` of the root). `*` = the name of the root. `[]` = not there.
 */
export function xmlTexts(xml: string, path: string): readonly string[] {
  const [elements = '', attribute] = path.split('@');
  const wanted = elements === '' || elements === '*' ? [] : elements.split('.');
  const matched: number[] = [];
  let text: string | null = null;
  let depth = 0;
  for (const { kind, value, attributes } of tokensOf(xml)) {
    if (kind === 'text') {
      if (text !== null && matched.length === depth) text += value;
    } else if (kind === 'close') {
      if (text !== null && matched.length === depth) return [text];
      matched.pop();
    } else {
      const before = matched.at(-1) ?? 0;
      const now = value === wanted[before] ? before + 1 : before;
      const isFound = text === null && now === wanted.length && (now > before || matched.length === 0);
      if (isFound && attribute !== undefined) return attributeOf(attributes, attribute);
      if (isFound && wanted.length === 0) return [value];
      if (isFound && kind === 'empty') return [''];
      if (isFound) {
        text = '';
        depth = matched.length + 1;
      }
      if (kind === 'open') matched.push(now);
      if (matched.length > DEPTH_MAX) return [];
    }
  }
  return [];
}

function* tokensOf(xml: string): Generator<Token> {
  let at = 0;
  while (at < xml.length) {
    const open = xml.indexOf('<', at);
    const textEnd = open < 0 ? xml.length : open;
    if (textEnd > at) yield { kind: 'text', value: decode(xml.slice(at, textEnd)), attributes: '' };
    if (open < 0) return;
    if (xml.startsWith('<![CDATA[', open)) {
      const end = xml.indexOf(']]>', open);
      if (end < 0) return;
      yield { kind: 'text', value: xml.slice(open + 9, end), attributes: '' };
      at = end + 3;
      continue;
    }
    const end = endOf(xml, open);
    if (end < 0) return;
    at = end + 1;
    if (xml[open + 1] !== '!' && xml[open + 1] !== '?') yield tagOf(xml.slice(open + 1, end));
  }
}

/** Where the `>` of a tag, a comment, a declaration or an instruction is; negative = nowhere. */
function endOf(xml: string, open: number): number {
  if (xml.startsWith('<!--', open)) return past(xml.indexOf('-->', open + 4), 2);
  if (xml[open + 1] === '?') return past(xml.indexOf('?>', open), 1);
  let quote = '';
  for (let at = open + 1; at < xml.length; at++) {
    const character = xml[at]!;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return at;
  }
  return -1;
}

function past(found: number, length: number): number {
  return found < 0 ? -1 : found + length;
}

function tagOf(inner: string): Token {
  const isClose = inner.startsWith('/');
  const isEmpty = !isClose && inner.endsWith('/');
  const content = inner.slice(isClose ? 1 : 0, isEmpty ? -1 : undefined);
  const name = content.split(/\s/, 1)[0]!;
  const kind = isClose ? 'close' : isEmpty ? 'empty' : 'open';
  return {
    kind,
    value: localName(name),
    attributes: content.slice(name.length, name.length + ATTRIBUTES_MAX),
  };
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function attributeOf(attributes: string, wanted: string): readonly string[] {
  for (const [, name, double, single] of attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (localName(name!) === wanted) return [decode(double ?? single ?? '')];
  }
  return [];
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
