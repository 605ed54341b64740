/** One HTTP exchange as bytes: what clients tidy up before they send it, an attacker sends. */
import { connect } from 'node:net';

/** Everything that came back until the server closed, or until `ms` passed. */
export function rawCall(url: string, bytes: string | Uint8Array, ms = 2_000): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      answer += part;
    });
    // A server that has answered may reset what still comes.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(bytes);
  });
}

/** 0 = no answer came. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
}
