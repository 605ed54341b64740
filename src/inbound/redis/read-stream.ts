/** A consumer group on a stream: XREADGROUP, XACK when stored, XAUTOCLAIM of what dead consumers left. */
import type { InboundHost } from '../../ports/inbound.ts';
import { queueItem, textOf, textOrBase64 } from '../queue/message.ts';
import { BLOCK_MS, listOf, type Reply, utf8 } from './redis-connection.ts';
import type { RedisReading } from './redis-kind.ts';
import type { RedisStream } from './settings.ts';

export interface Entry {
  readonly id: string;
  readonly fields: readonly (readonly [name: Uint8Array, value: Uint8Array])[];
  /** It was given to somebody before. */
  readonly isAgain: boolean;
}

interface StreamReading extends RedisReading {
  readonly stream: RedisStream;
  /** The same on every node: exactly one runs the source, and finds what the last one left. */
  readonly consumer: string;
  /** Ids that are being taken: claiming must not start them twice. */
  readonly underWay: Set<string>;
}

const CLAIM_COUNT = 64;
const CLAIM_EVERY_MAX_MS = 60_000;

/** Reads until the session is over. */
export async function readStream(reading: RedisReading, stream: RedisStream): Promise<void> {
  const { session, host, parts } = reading;
  await makeGroup(reading, stream);
  const all: StreamReading = {
    ...reading,
    stream,
    consumer: `posthorn-${host.source.id}`,
    underWay: new Set(),
  };
  await takeOwnPending(all);
  session.flowing();
  const claimEveryMs = Math.min(stream.claimAfterSeconds * 500, CLAIM_EVERY_MAX_MS);
  let claimAt = stream.claimAfterSeconds === 0 ? Number.POSITIVE_INFINITY : parts.clock.now();
  try {
    for (let places = await all.room.free(); places > 0; places = await all.room.free()) {
      const blockMs = Math.min(BLOCK_MS, claimAt - parts.clock.now());
      if (blockMs <= 0) {
        await claim(all);
        claimAt = parts.clock.now() + claimEveryMs;
        continue;
      }
      for (const entry of await group(all, reading.reader, '>', places, 'BLOCK', String(Math.ceil(blockMs))))
        takeInRoom(all, entry);
    }
  } catch (error) {
    if (!session.ending.aborted) throw error;
  }
}

async function makeGroup({ writer }: RedisReading, { key, group, from }: RedisStream): Promise<void> {
  try {
    await writer.ask('XGROUP', 'CREATE', key, group, from === 'earliest' ? '0' : '$', 'MKSTREAM');
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
  }
}

async function group(
  { stream, consumer }: StreamReading,
  connection: RedisReading['reader'],
  after: string,
  count: number,
  ...options: string[]
): Promise<Entry[]> {
  const command = ['XREADGROUP', 'GROUP', stream.group, consumer, 'COUNT', String(count), ...options];
  const reply = await connection.ask(...command, 'STREAMS', stream.key, after);
  const entries = listOf(listOf(listOf(reply)[0])[1]);
  return entriesOf(entries, after !== '>');
}

/** What this source got before it was stopped or died. */
async function takeOwnPending(all: StreamReading): Promise<void> {
  let after = '0';
  for (let places = await all.room.free(); places > 0; places = await all.room.free()) {
    const entries = await group(all, all.writer, after, places);
    if (entries.length === 0) return;
    for (const entry of entries) takeInRoom(all, entry);
    after = entries.at(-1)!.id;
  }
}

/** Goes once through all that the group has pending. */
async function claim(all: StreamReading): Promise<void> {
  const { stream, consumer, writer, room, underWay } = all;
  let cursor = '0-0';
  do {
    if ((await room.free()) === 0) return;
    const idleMs = String(stream.claimAfterSeconds * 1_000);
    const count = ['COUNT', String(CLAIM_COUNT)];
    const reply = await writer.ask(
      'XAUTOCLAIM',
      stream.key,
      stream.group,
      consumer,
      idleMs,
      cursor,
      ...count,
    );
    const [next, entries] = listOf(reply);
    cursor = utf8(next);
    for (const entry of entriesOf(listOf(entries), true)) {
      if (underWay.has(entry.id)) continue;
      if ((await room.free()) === 0) return;
      takeInRoom(all, entry);
    }
  } while (cursor !== '0-0');
}

function takeInRoom(all: StreamReading, entry: Entry): void {
  if (all.underWay.has(entry.id)) return;
  all.underWay.add(entry.id);
  all.room.take(async () => {
    try {
      await takeOne(all, entry);
    } finally {
      all.underWay.delete(entry.id);
    }
  });
}

async function takeOne(all: StreamReading, entry: Entry): Promise<void> {
  const { host, session, settings, stream, writer } = all;
  const verdict = await session.taker.firmly(streamItem(host, stream, entry), session.ending);
  if (verdict.kind === 'later') return; // It stays pending.
  if (verdict.kind === 'refused' && settings.deadLetter !== undefined)
    await writer.ask('XADD', settings.deadLetter, '*', ...entry.fields.flat());
  await writer.ask('XACK', stream.key, stream.group, entry.id);
}

/** Entries that were deleted meanwhile have no fields; nobody can take them. */
function entriesOf(replies: readonly Reply[], isAgain: boolean): Entry[] {
  return replies.flatMap((reply) => {
    const [id, parts] = listOf(reply);
    if (!id || !Array.isArray(parts)) return [];
    const flat = parts as readonly Uint8Array[];
    const fields = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as const] : []));
    return [{ id: utf8(id), fields, isAgain }];
  });
}

/** One entry as an item: a field's bytes, or all of it as a JSON object. */
export function streamItem(host: InboundHost, { key, field, group }: RedisStream, entry: Entry) {
  const { id, fields, isAgain } = entry;
  const payload = field === undefined ? undefined : fields.find(([name]) => textOf(name) === field)?.[1];
  const asTexts = Object.fromEntries(
    fields.map(([name, value]) => [textOrBase64(name), textOrBase64(value)]),
  );
  const { [field ?? '']: _, ...others } = asTexts;
  return queueItem(host, {
    body: payload ?? Buffer.from(JSON.stringify(asTexts)),
    contentType: payload === undefined ? 'application/json' : null,
    headers: [],
    dedupeKey: `${key}/${id}`,
    orderingKey: null,
    meta: {
      stream: key,
      group,
      id,
      redelivered: isAgain,
      ...(payload !== undefined && { fields: others }),
    },
  });
}
