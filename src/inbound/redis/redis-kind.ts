/** Reads Redis: a consumer group of a stream, or a list. What is not acknowledged stays pending, or in the processing list. */
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { type Room, roomOf } from '../queue/room.ts';
import { runSessions, type Session } from '../queue/sessions.ts';
import { readList } from './read-list.ts';
import { readStream } from './read-stream.ts';
import { connectRedis, type RedisConnection } from './redis-connection.ts';
import { REDIS_SECRETS, type RedisSettings, redisSettings } from './settings.ts';

export function redisKind(parts: InboundParts): InboundKind {
  return {
    kind: 'redis',
    secretMembers: REDIS_SECRETS,
    check: (input) => void redisSettings(input),
    run(host) {
      const settings = redisSettings(host.input);
      return runSessions(parts, host, (session) => consume(parts, host, settings, session));
    },
  };
}

export interface RedisReading {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly session: Session;
  readonly settings: RedisSettings;
  /** Waits at the server; cut when the session is over. */
  readonly reader: RedisConnection;
  /** Acknowledges; open until all is settled. */
  readonly writer: RedisConnection;
  readonly room: Room;
}

async function consume(
  parts: InboundParts,
  host: InboundHost,
  settings: RedisSettings,
  session: Session,
): Promise<void> {
  const writer = await connectRedis(parts.web, settings, session.fail);
  try {
    const reader = await connectRedis(parts.web, settings, session.fail);
    void session.over.then(() => reader.destroy());
    const room = roomOf(session, settings.prefetch);
    const reading = { parts, host, session, settings, reader, writer, room };
    if (settings.read.way === 'stream') await readStream(reading, settings.read.stream);
    else await readList(reading, settings.read.list);
  } catch (error) {
    session.fail(error);
  } finally {
    await session.settled();
    writer.destroy();
  }
}
