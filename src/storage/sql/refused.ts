/**
 * A store that cannot be opened, and why. The CLI turns the code into an exit code; the message already says what to
 * do. Nothing was overwritten.
 */
export type RefusalCode =
  | 'locked'
  | 'newer-schema'
  | 'corrupt'
  | 'read-only'
  | 'disk-full'
  | 'too-old-sqlite'
  | 'not-a-database'
  | 'not-found';

export class StorageRefused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StorageRefused';
    this.code = code;
  }
}
