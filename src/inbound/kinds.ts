/** Every way in but HTTP. A new one is one line here. */
import { amqpKind } from './amqp/amqp-kind.ts';
import { makeFeedKind } from './feed/feed-kind.ts';
import { imapKind } from './imap/imap-kind.ts';
import type { MakeInboundKind } from './inbound-parts.ts';
import { ircKind } from './irc/irc-kind.ts';
import { kafkaKind } from './kafka/kafka-kind.ts';
import { mqttKind } from './mqtt/mqtt-kind.ts';
import { natsKind } from './nats/nats-kind.ts';
import { makePollKind } from './poll/poll-kind.ts';
import { redisKind } from './redis/redis-kind.ts';
import { makeScheduleKind } from './schedule/schedule-kind.ts';
import { smtpKind } from './smtp/smtp-kind.ts';
import { sqsKind } from './sqs/sqs-kind.ts';
import { makeWebsubKind } from './websub/websub-kind.ts';
import { xmppKind } from './xmpp/xmpp-kind.ts';

export const INBOUND_KINDS: readonly MakeInboundKind[] = [
  amqpKind,
  makeFeedKind,
  (parts) => imapKind(parts),
  ircKind,
  kafkaKind,
  mqttKind,
  natsKind,
  makePollKind,
  redisKind,
  makeScheduleKind,
  smtpKind,
  sqsKind,
  makeWebsubKind,
  xmppKind,
];
