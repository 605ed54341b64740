/** The caller's own name for a resource, and other texts of the same alphabet. */
import Type from 'typebox';
import { PREFIXES, type PrefixName } from '../core/ids.ts';
import { invalid } from '../core/problem.ts';

export const UID_CHARS_MAX = 256;
/**
 * Letters, digits, `-`, `_` and `.`: also the alphabet of event type names, channels and feature flags. Not `.` and
 * `..`, which clients take for steps in a path: deleting an endpoint `..` would delete its application.
 */
export const UID_PATTERN = '^(?!\\.{1,2}$)[a-zA-Z0-9\\-_.]+$';

export const Uid = Type.String({
  minLength: 1,
  maxLength: UID_CHARS_MAX,
  pattern: UID_PATTERN,
  description: 'Your own identifier for it: letters, digits, "-", "_" and ".", at most 256; not "." or "..".',
});

/** Names of event types. */
export const EventTypeName = Type.String({
  minLength: 1,
  maxLength: UID_CHARS_MAX,
  pattern: UID_PATTERN,
  description: 'Dot-separated groups, e.g. `user.signup`.',
});

export const FeatureFlag = Type.String({ minLength: 1, maxLength: UID_CHARS_MAX, pattern: UID_PATTERN });

const CHANNEL_CHARS_MAX = 128;
export const Channel = Type.String({ minLength: 1, maxLength: CHANNEL_CHARS_MAX, pattern: UID_PATTERN });

/** Refuses a uid that could be mistaken for an id; returns null for "none". */
export function checkUid(uid: string | null | undefined, prefix: PrefixName): string | null {
  if (uid === null || uid === undefined) return null;
  const head = PREFIXES[prefix];
  if (uid.startsWith(head)) {
    throw invalid(
      ['body', 'uid'],
      `A uid must not begin with "${head}": that is how our own ids begin. Choose another uid.`,
    );
  }
  return uid;
}

const UID = new RegExp(UID_PATTERN);

/** A uid out of a path, which no shape has checked: a PUT may make a resource under it. */
export function checkPathUid(uid: string, parameter: string): string {
  if (uid.length <= UID_CHARS_MAX && UID.test(uid)) return uid;
  throw invalid(
    ['path', parameter],
    `A uid has letters, digits, "-", "_" and ".", at most ${UID_CHARS_MAX}, and is not "." or "..".`,
  );
}
