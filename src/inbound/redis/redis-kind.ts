/** Reads Redis: a consumer group of a stream, or a list. What is not acknowledged stays pending, or in the processing list. */
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../kinds.ts';
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

/** How many may be taken at once. */
export interface Room {
  /** Resolves with how many places are free, at least one; or 0 when the session is over. */
  free(): Promise<number>;
  /** Works in one place. */
  take(task: () => Promise<void>): void;
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

function roomOf(session: Session, places: number): Room {
  let running = 0;
  let wake = (): void => {};
  void session.over.then(() => wake());
  return {
    async free() {
      while (running >= places && !session.ending.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return session.ending.aborted ? 0 : places - running;
    },
    take(task) {
      running++;
      session.work(async () => {
        try {
          await task();
        } finally {
          running--;
          wake();
        }
      });
    },
  };
}
