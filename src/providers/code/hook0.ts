/** Hook0: the signature v1 also binds the headers that it names. */
import type { SignedBy } from '../../core/verification/provider.ts';

const HEADERS_MAX = 64;

/** `{timestamp}.{names, parted by spaces}.{their values, parted by dots}.{body}`. */
export const boundHeaders: SignedBy = (view) => {
  const [signature = ''] = view.header('x-hook0-signature');
  const names = /(?:^|,)\s*h=([^,]*)/.exec(signature)?.[1]?.trim().toLowerCase();
  if (names === undefined || view.made.timestamp === undefined) return null;
  const values = names.split(' ', HEADERS_MAX).flatMap((name) => view.header(name).slice(0, 1));
  return [`${view.made.timestamp}.${names}.${values.join('.')}.`, view.call.body];
};
