/**
 * Some receivers, and proxies before them, say `100 Continue` unasked. A client has to put up with that (RFC 9110
 * §15.2), but undici 8 drops the connection, so the receiver would get each event again and again. Its other interim
 * responses undici skips by itself.
 */
import type { Socket } from 'node:net';

/** "HTTP/1.x 100", with any minor version. */
const PREFIX = Buffer.from('HTTP/1.');
const STATUS = Buffer.from(' 100 ');
const STATUS_AT = 8;
const HEAD_END = '\r\n\r\n';

/** Makes reads of an HTTP/1 socket pass over whole `100 Continue` heads at the beginning of a chunk. */
export function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    let chunk: unknown = read(size);
    while (Buffer.isBuffer(chunk)) {
      const end = endOfContinue(chunk);
      if (end === 0) return chunk;
      chunk = end < chunk.length ? chunk.subarray(end) : read();
    }
    return chunk;
  };
}

/** Where the final response can begin; 0 = this chunk does not begin with a whole `100 Continue`. */
function endOfContinue(chunk: Buffer): number {
  // One comparison for nearly every chunk: the first digit of the status.
  if (chunk[STATUS_AT + 1] !== 0x31 || !startsWith(chunk, STATUS, STATUS_AT) || !startsWith(chunk, PREFIX, 0))
    return 0;
  const end = chunk.indexOf(HEAD_END, STATUS_AT, 'latin1');
  return end < 0 ? 0 : end + HEAD_END.length;
}

function startsWith(chunk: Buffer, text: Buffer, at: number): boolean {
  return chunk.length >= at + text.length && chunk.compare(text, 0, text.length, at, at + text.length) === 0;
}
