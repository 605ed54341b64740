/** An open socket as @xmpp/client wants one: whole characters, bounded stanzas, and never another host. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { Client, Transport } from '@xmpp/client';

/** Servers allow 10 kB to 512 kB (RFC 6120 §13.12). */
const STANZA_BYTES_MAX = 1024 * 1024;

/** Makes `client` use this socket, whatever it is told to connect to. */
export function connectOver(client: Client, socket: Socket, isSecure: boolean): void {
  const tcp = client.transports.find(
    ({ prototype }) => prototype.socketParameters('xmpp://host') !== undefined,
  )!;
  const Dialled = class extends (tcp as new () => object) {} as unknown as Transport;
  Dialled.prototype.socketParameters = () => ({});
  Dialled.prototype.Socket = socketOver(client, socket, isSecure);
  client.transports = [Dialled];
}

function socketOver(client: Client, socket: Socket, isSecure: boolean): new () => EventEmitter {
  let isUsed = false;
  return class extends EventEmitter {
    /** Only then does the library send a password as it is. */
    readonly secure = isSecure;
    readonly #decoder = new StringDecoder('utf8');
    #unread = 0;

    connect(): void {
      // A server that names another host (see-other-host) would lead around the guard.
      if (isUsed) {
        queueMicrotask(() =>
          this.emit('error', new Error('The server names another host; set `host` to it.')),
        );
        return;
      }
      isUsed = true;
      client.on('element', () => {
        this.#unread = 0;
      });
      socket.on('data', (chunk: Buffer) => this.#read(chunk));
      socket.on('error', (error) => this.emit('error', error));
      socket.on('close', () => this.emit('close'));
      queueMicrotask(() => this.emit('connect'));
      socket.resume();
    }

    write(text: string, done: (error?: Error | null) => void): void {
      if (socket.writable) socket.write(text, done);
      else done(new Error('The connection is closed.'));
    }

    end(): void {
      socket.end();
    }

    #read(chunk: Buffer): void {
      this.#unread += chunk.length;
      if (this.#unread > STANZA_BYTES_MAX)
        socket.destroy(new Error(`The server sent a stanza of more than ${STANZA_BYTES_MAX} bytes.`));
      else this.emit('data', this.#decoder.write(chunk));
    }
  };
}
