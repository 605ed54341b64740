/** A MIME header's value and parameters, with RFC 2231/8187 `name*=UTF-8''…` decoded: `form-data; name="a"; filename*=…`. */

export interface HeaderParameters {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;
const EXTENDED = /^(utf-8|iso-8859-1)'[^']*'(.*)$/i;

export function headerParameters(header: string): HeaderParameters {
  const semicolon = header.indexOf(';');
  const value = (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
  const parameters = new Map<string, string>();
  if (semicolon >= 0)
    for (const [, given, quoted, plain] of header.slice(semicolon).matchAll(PARAMETER)) {
      const name = given!.toLowerCase();
      // Browsers write `"` as %22 and leave a backslash alone; others escape with it. Only `\"` and `\\` are undone.
      const text = quoted?.replace(/\\(["\\])/g, '$1') ?? plain!;
      if (name.endsWith('*')) parameters.set(name.slice(0, -1), extended(text) ?? text);
      else if (!parameters.has(name)) parameters.set(name, text);
    }
  return { value, parameters };
}

function extended(text: string): string | null {
  const [, charset, escaped] = EXTENDED.exec(text) ?? [];
  if (charset === undefined) return null;
  const bytes = escaped!.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString(charset.toLowerCase() === 'utf-8' ? 'utf8' : 'latin1');
}
