/** Plivo v3: the URL with its parameters in order, then those of the form. */
import type { SignedBy } from '../../core/verification/provider.ts';

type Fields = readonly (readonly [string, string])[];

/** `{URL without query}?{query, sorted, k=v&k=v}.{form, sorted, kv}.{nonce}`; what is empty is left out with its mark. */
export const urlWithParameters: SignedBy = (view) => {
  const [nonce] = view.header('x-plivo-signature-v3-nonce');
  if (nonce === undefined) return null;
  const isPost = view.call.method.toUpperCase() === 'POST';
  const query = sorted(view.query)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const form = isPost
    ? sorted(view.form)
        .map(([name, value]) => name + value)
        .join('')
    : '';
  const address = view.call.url.replace(/[?#].*$/s, '');
  return [`${address}${mark(query, form, isPost)}.${nonce}`];
};

function mark(query: string, form: string, isPost: boolean): string {
  if (query === '') return isPost || form !== '' ? `?${form}` : '';
  return form === '' ? `?${query}` : `?${query}.${form}`;
}

function sorted(fields: Fields): Fields {
  return fields.toSorted(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
}
