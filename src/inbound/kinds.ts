/** Every way in but HTTP. A new one is one line here. */
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';
import type { InboundKind } from '../ports/inbound.ts';
import type { Log } from '../ports/log.ts';
import type { Web } from '../ports/web.ts';
import { amqpKind } from './amqp/amqp-kind.ts';
import { makeFeedKind } from './feed/feed-kind.ts';
import { imapKind } from './imap/imap-kind.ts';
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

/** What a kind is made of. */
export interface InboundParts {
  readonly web: Web;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  /** Sent to strangers where they ask for a name. */
  readonly userAgent: string;
  /** Where strangers reach this server, for callbacks (WebSub). */
  readonly publicUrl: string;
}

export type MakeInboundKind = (parts: InboundParts) => InboundKind;

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
