/** Connections to Redis: replies are bytes, addresses are guarded, and nothing reconnects by itself. */

import type { Web } from '../../ports/web.ts';
import { reach, tlsTrust } from '../queue/reach.ts';
import type { RedisSettings } from './settings.ts';

const CONNECT_WITHIN_MS = 15_000;
/** A read waits so long at the server; then it asks again. */
export const BLOCK_MS = 5_000;
/** A connection on which nothing comes for so long is dead. */
const SILENCE_MAX_MS = 20_000;
const PING_EVERY_MS = 8_000;

/** RESP2: bytes, numbers, lists and nothing. */
export type Reply = Uint8Array | number | null | readonly Reply[];

export interface RedisConnection {
  /** Rejects with what the server said. */
  ask(...command: readonly (string | Uint8Array)[]): Promise<Reply>;
  /** Cuts it: what is being asked rejects. */
  destroy(): void;
}

/** Connects and logs in. `onError` hears once or more when the connection is lost. */
export async function connectRedis(
  web: Web,
  settings: RedisSettings,
  onError: (cause: unknown) => void,
): Promise<RedisConnection> {
  const { createClient, RESP_TYPES } = await import('redis');
  const { host, port, tls, username, password, database } = settings;
  const client = createClient({
    socket: {
      host: await reach(web, host),
      port,
      connectTimeout: CONNECT_WITHIN_MS,
      socketTimeout: SILENCE_MAX_MS,
      reconnectStrategy: false,
      ...(tls.isOn && { tls: true as const, ...tlsTrust(tls, host) }),
    },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    database,
    RESP: 2,
    pingInterval: PING_EVERY_MS,
    // A server must not send us to another address.
    maintNotifications: 'disabled',
    disableClientInfo: true,
  });
  client.on('error', onError);
  const destroy = (): void => {
    try {
      client.destroy(); // Also when it is lost already: its timers stop.
    } catch {
      // It says that it is closed.
    }
  };
  try {
    await client.connect();
  } catch (error) {
    destroy();
    throw error;
  }
  const options = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer } };
  return {
    ask: (...command) =>
      client.sendCommand<Reply>(
        command.map((part) => (typeof part === 'string' ? part : Buffer.from(part))),
        options,
      ),
    destroy,
  };
}

export const utf8 = (reply: Reply | undefined): string =>
  reply instanceof Uint8Array ? Buffer.from(reply).toString() : String(reply ?? '');

export const listOf = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? reply : []);
