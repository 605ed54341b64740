/** The lines of an open socket, as irc-framework wants them: bounded, and nothing of ours can become two lines. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** IRCv3 message-tags: 8191 bytes of tags before the 512 of RFC 2812. */
const LINE_BYTES_MAX = 16_384;
const END_OF_LINE = 0x0a;

/** A class, because the library makes the one object of it. */
export function transportOver(socket: Socket): new () => EventEmitter {
  return class extends EventEmitter {
    #unread: Buffer[] = [];
    #unreadBytes = 0;

    connect(): void {
      socket.on('data', (chunk: Buffer) => this.#read(chunk));
      socket.on('error', (error) => this.emit('close', error));
      socket.on('close', () => this.emit('close', false));
      // The library listens once `connect` has returned.
      queueMicrotask(() => this.emit('open'));
    }

    isConnected(): boolean {
      return !socket.destroyed;
    }

    writeLine(line: string, done?: () => void): void {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
      if (socket.writable) socket.write(`${line.replace(/[\r\n\u0000]+/g, ' ')}\r\n`, () => done?.());
      else if (done) process.nextTick(done);
    }

    close(isHard: boolean): void {
      if (isHard) socket.destroy();
      else socket.end();
    }

    disposeSocket(): void {
      socket.destroy();
    }

    setEncoding(): boolean {
      return true;
    }

    #read(chunk: Buffer): void {
      for (let from = 0; ; ) {
        const end = chunk.indexOf(END_OF_LINE, from);
        const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
        this.#unread.push(piece);
        this.#unreadBytes += piece.length;
        if (this.#unreadBytes > LINE_BYTES_MAX) {
          socket.destroy(new Error(`The server sent a line of more than ${LINE_BYTES_MAX} bytes.`));
          return;
        }
        if (end < 0) return;
        const line = textOf(Buffer.concat(this.#unread)).replace(/\r$/, '');
        this.#unread = [];
        this.#unreadBytes = 0;
        from = end + 1;
        this.emit('line', line);
      }
    }
  };
}

/** UTF-8, or else what the West used before it. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
