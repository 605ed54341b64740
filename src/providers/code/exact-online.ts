/** Exact Online: signed is the member Content, in the very bytes in which it came. */
import { scanObject } from '../../core/event/scan.ts';
import type { SignedBy } from '../../core/verification/provider.ts';

export const rawContent: SignedBy = ({ call: { body } }) => {
  const scanned = scanObject(body);
  const content = scanned.ok ? scanned.members.get('Content') : undefined;
  return content === undefined ? null : [body.subarray(content.start, content.end)];
};
