/** A way in. `http` is called by others; the rest goes and fetches, or listens. */
export const SOURCE_KINDS = [
  'http',
  'smtp',
  'imap',
  'poll',
  'feed',
  'websub',
  'schedule',
  'irc',
  'xmpp',
  'mqtt',
  'amqp',
  'kafka',
  'nats',
  'redis',
  'sqs',
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];
