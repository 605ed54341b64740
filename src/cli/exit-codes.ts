/** What the shell is told. docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** Anything unexpected: a bug. */
  failed: 1,
  /** `verify`: the call is not what it should be; `trigger`: the source refused it; `replay`: it failed. */
  invalid: 1,
  /** A wrong argument or setting. */
  unusable: 2,
  /** Another process holds the store. */
  locked: 3,
  /** The store cannot be used: corrupt, newer, read-only, no space. */
  store: 4,
  /** The address is taken or may not be listened on. */
  address: 5,
  /** `doctor` found something to mend; `import` left something behind. */
  findings: 6,
  /** The server to talk to or to import from: away, busy, takes no such token, not compatible. */
  remote: 7,
  /** Ended by Ctrl-C, as shells say it; the same command goes on. */
  interrupted: 130,
} as const;
