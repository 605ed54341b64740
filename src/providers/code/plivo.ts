/** Plivo v3: the URL with its parameters in order, then those of the form. */
import type { SignedBy } from '../../core/verification/provider.ts';

type Fields = readonly (readonly [string, string])[];

/** `{URL without query}?{query, sorted, k=v&k=v}.{form, sorted, kv}.{nonce}`; what is empty is left out with its mark. */
export const urlWithParameters: SignedBy = (view) => {
  const [nonce] = view.header('x-plivo-signature-v3-nonce');
  if (nonce === undefined) return null;
  const query = sorted(view.query).map(([name, value]) => `${name}=${value}`);
  const isPost = view.call.method.toUpperCase() === 'POST';
  const form = isPost ? sorted(view.form).map(([name, value]) => name + value) : [];
  const parameters = [query.join('&'), form.join('')].filter((part) => part !== '');
  // With a form and no query, the mark of the query stands before the form.
  const mark = parameters.length === 0 ? '' : '?';
  return [`${view.call.url.replace(/[?#].*$/s, '')}${mark}${parameters.join('.')}.${nonce}`];
};

function sorted(fields: Fields): Fields {
  return fields.toSorted(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
}
