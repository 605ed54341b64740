/** A list: BLMOVE to a processing list, LREM when stored. What was left there by a crash is taken first. */
import type { InboundHost } from '../../ports/inbound.ts';
import { queueItem } from '../queue/message.ts';
import { BLOCK_MS, listOf } from './redis-connection.ts';
import type { RedisReading } from './redis-kind.ts';
import type { RedisList } from './settings.ts';

/** Reads until the session is over. */
export async function readList(reading: RedisReading, list: RedisList): Promise<void> {
  const { host, session, reader, writer, room } = reading;
  const processing = list.processing ?? `${list.key}:processing:${host.source.id}`;
  const take = (element: Uint8Array, isAgain: boolean): void =>
    room.take(() => takeOne(reading, list, processing, element, isAgain));
  // The newest is at the left.
  const left = listOf(await writer.ask('LRANGE', processing, '0', '-1')).toReversed();
  for (const element of left) {
    if ((await room.free()) === 0) return;
    if (element instanceof Uint8Array) take(element, true);
  }
  session.flowing();
  const from = list.end === 'left' ? 'LEFT' : 'RIGHT';
  const wait = String(BLOCK_MS / 1_000);
  try {
    while ((await room.free()) > 0) {
      const element = await reader.ask('BLMOVE', list.key, processing, from, 'LEFT', wait);
      if (element instanceof Uint8Array) take(element, false);
    }
  } catch (error) {
    if (!session.ending.aborted) throw error;
  }
}

async function takeOne(
  { host, session, settings, writer }: RedisReading,
  list: RedisList,
  processing: string,
  element: Uint8Array,
  isAgain: boolean,
): Promise<void> {
  const verdict = await session.taker.firmly(listItem(host, list.key, element, isAgain), session.ending);
  if (verdict.kind === 'later') return; // It stays in the processing list.
  if (verdict.kind === 'refused' && settings.deadLetter !== undefined)
    await writer.ask('LPUSH', settings.deadLetter, element);
  await writer.ask('LREM', processing, '1', element);
}

function listItem(host: InboundHost, list: string, element: Uint8Array, isAgain: boolean) {
  return queueItem(host, {
    body: element,
    contentType: null,
    headers: [],
    // Nothing tells two equal elements apart.
    dedupeKey: null,
    orderingKey: null,
    meta: { list, redelivered: isAgain },
  });
}
