/** Rows of CSV (RFC 4180), safe to open in a spreadsheet. */

/** A text that a spreadsheet would run: an apostrophe before it makes it a text again (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
const QUOTED = /[",\r\n]|^\s|\s$/;

/** With its line end. Texts as they are, everything else as JSON, nothing for what is not there. */
export function csvRow(values: readonly unknown[]): string {
  return [...csvCells(values)].join('');
}

/** The row cell by cell, with what stands between them. */
export function* csvCells(values: readonly unknown[]): Generator<string> {
  for (const [index, value] of values.entries()) yield (index === 0 ? '' : ',') + csvCell(value);
  yield '\r\n';
}

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
