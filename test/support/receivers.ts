/** Real servers on loopback with free ports, which end with their test. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface Receiver {
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections accepted so far. */
  connections(): number;
}

/** Bytes in, bytes out. */
export function startTcp(
  t: TestContext,
  onSocket: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<Receiver> {
  return listening(t, createTcpServer(onSocket), host);
}

export function startHttp(t: TestContext, listener: RequestListener, host = '127.0.0.1'): Promise<Receiver> {
  return listening(t, createServer(listener), host);
}

export function startHttps(
  t: TestContext,
  options: ServerOptions,
  listener: RequestListener,
): Promise<Receiver> {
  return listening(t, createSecureServer(options, listener), '127.0.0.1');
}

/** Makes any server of node:net's kind a receiver. */
export function listening(t: TestContext, server: Server, host: string): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, sockets, connections: () => accepted });
    });
  });
}
