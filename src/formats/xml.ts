/**
 * XML 1.0 without DTDs: `<a b="1">x<c/></a>` is {a: {'@b': '1', '#text': 'x', c: ''}}; a repeated element makes an
 * array; values stay strings. Only the five predefined entities and character references are undone; a DOCTYPE is
 * refused, and with it every entity that a document could define (billion laughs, external entities).
 */
import { type X2jOptions, XMLParser } from 'fast-xml-parser';
import { decodeCharacters } from './characters.ts';
import type { FormatLimits } from './limits.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/g;
const DECLARED = /^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/;
const WHY_CHARS = 160;

export function readXml({ bytes, type, limits }: Content): Reading {
  const { text, error } = decodeCharacters(bytes, type.parameters.get('charset') ?? declaredCharset(bytes));
  if (text.length > limits.xmlChars) return unreadable(`it is longer than ${limits.xmlChars} characters`);
  try {
    const value: unknown = parserFor(limits).parse(text, true);
    const isDocument = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    return isDocument ? parsed('xml', value, { error }) : unreadable('it has no element');
  } catch (cause) {
    return unreadable((cause as Error).message.slice(0, WHY_CHARS));
  }
}

/** In UTF-16 the declaration is not to be seen like this; there the byte order mark says it. */
const declaredCharset = (bytes: Uint8Array): string | undefined =>
  DECLARED.exec(Buffer.from(bytes.subarray(0, 256)).toString('latin1'))?.[1];

/** What the parser asks for instead of its own decoder. */
const references = {
  decode: (text: string): string =>
    text.includes('&')
      ? text.replace(REFERENCE, (whole, decimal?: string, hex?: string, name?: string) =>
          name ? PREDEFINED[name]! : character(Number.parseInt(decimal ?? hex!, decimal ? 10 : 16)) || whole,
        )
      : text,
  addInputEntities: (): never => {
    throw new Error('a DOCTYPE is refused');
  },
  reset: (): void => undefined,
  setXmlVersion: (): void => undefined,
};

/** '' for what is no character of XML. */
const character = (code: number): string =>
  code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? '' : String.fromCodePoint(code);

/** One per call: a parser keeps state while it reads. */
function parserFor({ depth }: FormatLimits): XMLParser {
  return new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    textNodeName: '#text',
    parseTagValue: false,
    parseAttributeValue: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: depth,
    processEntities: true,
    // Its declared type names the options of the library's own decoder; what it calls is this.
    entityDecoder: references as unknown as NonNullable<X2jOptions['entityDecoder']>,
  });
}
