/** Reads single values out of XML: no entities but the five of XML itself, no DTD, nothing is built. */

const TAGS_MAX = 20_000;
const DEPTH_MAX = 64;
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<![^>]*>|<(\/?)([^\s/>]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * The text of the first element at a path of local names (`Notification.Id`; each below the one before, at any depth),
 * or of its attribute (`sObject@type`, `@serial-number` of the root). `*` = the name of the root. `[]` = not there.
 */
export function xmlTexts(xml: string, path: string): readonly string[] {
  const [elements = '', attribute] = path.split('@');
  const wanted = elements === '' || elements === '*' ? [] : elements.split('.');
  const open: { readonly name: string; readonly matched: number }[] = [];
  let text: string | null = null;
  let depth = 0;
  let tags = 0;
  for (const [, cdata, slash, qualified, attributes = '', selfClosing, plain] of xml.matchAll(TOKEN)) {
    if (qualified === undefined) {
      if (text !== null && open.length === depth) text += cdata ?? decode(plain ?? '');
      continue;
    }
    if (++tags > TAGS_MAX) return [];
    if (slash === '/') {
      if (text !== null && open.length === depth) return [text];
      open.pop();
      continue;
    }
    const name = localName(qualified);
    if (open.length === 0 && wanted.length === 0) {
      return attribute === undefined ? [name] : attributeOf(attributes, attribute);
    }
    const before = open.at(-1)?.matched ?? 0;
    const matched = name === wanted[before] ? before + 1 : before;
    if (text === null && matched === wanted.length && matched > before) {
      if (attribute !== undefined) return attributeOf(attributes, attribute);
      if (selfClosing === '/') return [''];
      text = '';
      depth = open.length + 1;
    }
    if (selfClosing !== '/') open.push({ name, matched });
    if (open.length > DEPTH_MAX) return [];
  }
  return [];
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function attributeOf(attributes: string, wanted: string): readonly string[] {
  for (const [, name, double, single] of attributes.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
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
