/** Reads SQS by long polling: deleted when stored, hidden as long as it takes, shown again when it was not taken. */
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { queueItem } from '../queue/message.ts';
import { type Room, roomOf } from '../queue/room.ts';
import { runSessions, type Session } from '../queue/sessions.ts';
import { QUEUE_PAUSES } from '../queue/taker.ts';
import { pauseAfter } from '../steady.ts';
import { deleterOf } from './deleter.ts';
import { SQS_SECRETS, type SqsSettings, sqsSettings } from './settings.ts';
import { type SqsApi, type SqsMessage, sqsApi } from './sqs-api.ts';

export function sqsKind(parts: InboundParts): InboundKind {
  return {
    kind: 'sqs',
    secretMembers: SQS_SECRETS,
    check: (input) => void sqsSettings(input),
    run(host) {
      const settings = sqsSettings(host.input);
      return runSessions(parts, host, (session) => poll(parts, host, settings, session));
    },
  };
}

interface SqsReading {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly session: Session;
  readonly settings: SqsSettings;
  readonly api: SqsApi;
  readonly remove: (handle: string) => void;
}

async function poll(
  parts: InboundParts,
  host: InboundHost,
  settings: SqsSettings,
  session: Session,
): Promise<void> {
  const api = sqsApi(parts, settings);
  const remove = deleterOf(api, session);
  const reading: SqsReading = { parts, host, session, settings, api, remove };
  const room = roomOf(session, settings.prefetch);
  // The first answer says at once whether we may read.
  takeAll(reading, room, await api.receive(settings.prefetch, false));
  session.flowing();
  for (let places = await room.free(); places > 0; places = await room.free()) {
    const receiving = api.receive(places, true);
    const messages = await Promise.race([receiving, session.over]);
    // Nobody waits for the answer of a poll that was left, but what it brings must not stay hidden.
    if (!messages) return void receiving.then((late) => showAgain(reading, late)).catch(() => {});
    takeAll(reading, room, messages);
  }
}

/** Messages of one group (of a FIFO queue) go one after another; when one is not taken, those behind it are not tried. */
function takeAll(reading: SqsReading, room: Room, messages: readonly SqsMessage[]): void {
  const groups = new Map<string, Promise<boolean>>();
  for (const message of messages) {
    const hold = keepHidden(reading, message);
    const groupId = message.Attributes?.MessageGroupId;
    const group = groupId === undefined ? message.ReceiptHandle : `group ${groupId}`;
    const before = groups.get(group) ?? Promise.resolve(true);
    const turn = before.then((isClear) =>
      isClear ? takeOne(reading, message, hold) : giveBack(reading, message, hold),
    );
    groups.set(group, turn);
    room.take(async () => {
      await turn;
    });
  }
}

/** Whether the next of its group may be taken. */
async function takeOne(reading: SqsReading, message: SqsMessage, hold: () => void): Promise<boolean> {
  const { host, session, settings, remove } = reading;
  if (session.ending.aborted) return giveBack(reading, message, hold);
  const verdict = await session.taker.once(sqsItem(host, settings, message));
  if (verdict.kind === 'later') return giveBack(reading, message, hold);
  hold();
  if (verdict.kind === 'refused' && settings.refused === 'leave') return false; // Shown again when its time is over.
  remove(message.ReceiptHandle);
  return true;
}

async function giveBack(
  { parts, session, api }: SqsReading,
  message: SqsMessage,
  hold: () => void,
): Promise<false> {
  hold();
  const times = Number(message.Attributes?.ApproximateReceiveCount ?? 1);
  const seconds = session.ending.aborted ? 0 : Math.ceil(pauseAfter(times, parts.dice, QUEUE_PAUSES) / 1_000);
  // When it cannot be said, it is shown again when its time is over.
  await api.hide(message.ReceiptHandle, seconds).catch(() => {});
  return false;
}

async function showAgain({ api }: SqsReading, messages: readonly SqsMessage[]): Promise<void> {
  for (const { ReceiptHandle } of messages) await api.hide(ReceiptHandle, 0);
}

/** Renews the hiding until it is called off. */
function keepHidden({ parts, session, settings, api }: SqsReading, message: SqsMessage): () => void {
  const everyMs = settings.visibilitySeconds * 500;
  let isOver = false;
  let cancel = (): void => {};
  const renew = (): void => {
    session.work(async () => {
      await api.hide(message.ReceiptHandle, settings.visibilitySeconds);
      if (!isOver) cancel = parts.clock.after(everyMs, renew);
    });
  };
  cancel = parts.clock.after(everyMs, renew);
  return () => {
    isOver = true;
    cancel();
  };
}

/** One message as an item. String and number attributes are headers, of which `content-type` says what the body is. */
export function sqsItem(host: InboundHost, { queueUrl }: Pick<SqsSettings, 'queueUrl'>, message: SqsMessage) {
  const { MessageId, Body, Attributes = {}, MessageAttributes = {} } = message;
  return queueItem(host, {
    body: Buffer.from(Body),
    contentType: MessageAttributes.contentType?.StringValue ?? null,
    headers: Object.entries(MessageAttributes).map(
      ([name, { StringValue, BinaryValue }]) =>
        [name, StringValue ?? Buffer.from(BinaryValue ?? '', 'base64')] as const,
    ),
    dedupeKey: MessageId,
    orderingKey: Attributes.MessageGroupId ?? null,
    meta: {
      queue: queueUrl.split('/').at(-1)!,
      messageId: MessageId,
      receiveCount: Number(Attributes.ApproximateReceiveCount ?? 1),
      sentAt: Attributes.SentTimestamp === undefined ? null : Number(Attributes.SentTimestamp),
      groupId: Attributes.MessageGroupId ?? null,
      sequenceNumber: Attributes.SequenceNumber ?? null,
      deduplicationId: Attributes.MessageDeduplicationId ?? null,
    },
  });
}
