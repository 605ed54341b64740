/**
 * A store that cannot be opened, and why. The CLI turns the code into an exit code; the message already says what to
 * do. Nothing was overwritten.
 */
export type RefusalCode =
  | 'locked'
  | 'newer-schema'
  | 'older-schema'
  | 'corrupt'
  | 'read-only'
  | 'disk-full'
  | 'too-old-sqlite'
  | 'not-a-database'
  | 'not-found'
  /** A move needs an empty store, or one that the same move has begun to fill. */
  | 'not-empty'
  /** Such a move has not finished. */
  | 'half-moved'
  // Of a server:
  | 'bad-url'
  | 'unreachable'
  | 'login-refused'
  | 'missing-right'
  | 'too-old-server'
  | 'wrong-encoding'
  /** Half a schema, or somebody else's tables. */
  | 'foreign-schema'
  /** Asked for something that the database's own tools do. */
  | 'unsupported';

export class StorageRefused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StorageRefused';
    this.code = code;
  }
}
