/** What the shell is told. docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** Anything unexpected: a bug. */
  failed: 1,
  /** A wrong argument or setting. */
  unusable: 2,
  /** Another process holds the store. */
  locked: 3,
  /** The store cannot be used: corrupt, newer, read-only, no space. */
  store: 4,
  /** The address is taken or may not be listened on. */
  address: 5,
  /** `doctor` found something to mend. */
  findings: 6,
} as const;
