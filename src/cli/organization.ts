import { BadSetting } from '../config/parse.ts';

/** An organization as it is named on the command line. Throws BadSetting that names the argument. */
export function checkOrganization(text: string, argument: string): string {
  if (/^org_[A-Za-z0-9_-]{1,100}$/.test(text)) return text;
  throw new BadSetting(
    argument,
    'needs to start with org_ and go on with letters, digits, - or _, e.g. org_acme.',
  );
}
