/** Facebook Platform (2007–2012): a digest over the fields `fb_sig_…`. */
import type { SignedBy } from '../../core/verification/provider.ts';

const PREFIX = 'fb_sig_';

/** `name=value` of every such field without its prefix, sorted, with nothing between; then the app's secret. */
export const signedFields: SignedBy = ({ form, made }) => {
  const fields = form.filter(([name]) => name.startsWith(PREFIX));
  const pairs = fields.map(([name, value]) => `${name.slice(PREFIX.length)}=${value}`);
  return fields.length === 0 || made.secret === undefined ? null : [pairs.sort().join(''), made.secret];
};
