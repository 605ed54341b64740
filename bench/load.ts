/**
 * Load generator, in a process of its own: keep-alive publishers on raw sockets, one request in flight each, either as
 * fast as answers come (closed loop) or at a given rate. Notes when each event was answered 202.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { requestTemplate, writeNumber } from './event.ts';

export interface LoadOrder {
  /** Publishers take the ports in turn, and the paths. */
  readonly ports: readonly number[];
  readonly paths: readonly string[];
  readonly token: string | null;
  /** false: the payload itself is the body (relay). */
  readonly wrap: boolean;
  readonly publishers: number;
  readonly count: number;
  /** Signs each body as GitHub does; not said: nothing is signed. */
  readonly githubSecret?: string | null;
  /** Events per second; null = closed loop. */
  readonly rate: number | null;
}

export interface LoadReport {
  readonly answered: Float64Array;
  readonly refused: number;
  readonly wallMs: number;
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

function run(order: LoadOrder): Promise<LoadReport> {
  const answered = new Float64Array(order.count);
  const signatures = signaturesOf(order);
  const started = nowMs();
  let next = 0;
  let done = 0;
  let refused = 0;
  return new Promise((resolve, reject) => {
    const idle: (() => void)[] = [];
    const sockets: Socket[] = [];
    const finish = (): void => {
      for (const socket of sockets) socket.destroy();
      clearInterval(pacer);
      resolve({ answered, refused, wallMs: nowMs() - started });
    };
    const mayStart = (): boolean => order.rate === null || next < ((nowMs() - started) / 1000) * order.rate;
    const pacer = setInterval(
      () => {
        while (idle.length > 0 && next < order.count && mayStart()) idle.pop()!();
      },
      order.rate === null ? 1000 : 1,
    );
    for (let publisher = 0; publisher < order.publishers; publisher++) {
      const target = targetOf(order, publisher);
      const socket = connect(target.port, '127.0.0.1');
      sockets.push(socket);
      socket.setNoDelay(true);
      const template = requestTemplate({ ...order, ...target });
      let current = -1;
      const send = (): void => {
        current = next++;
        socket.write(requestOf(template, current, signatures));
      };
      const goOn = (): void => {
        if (next >= order.count) return;
        if (mayStart()) send();
        else idle.push(send);
      };
      let pending = '';
      socket.on('data', (chunk) => {
        pending += chunk.toString('latin1');
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0);
        if (pending.length < end + 4 + length) return;
        if (pending.startsWith('HTTP/1.1 202')) answered[current] = nowMs();
        else refused++;
        pending = '';
        if (++done === order.count) finish();
        else goOn();
      });
      socket.on('error', reject);
      socket.on('connect', goOn);
    }
  });
}

/** What the senders' own machines would compute, before the clock runs; null = nothing is signed. */
function signaturesOf(order: LoadOrder): readonly string[] | null {
  if (!order.githubSecret) return null;
  const key = createSecretKey(Buffer.from(order.githubSecret));
  const template = requestTemplate({ ...order, ...targetOf(order, 0) });
  return Array.from({ length: order.count }, (_, n) => {
    writeNumber(template.bytes, template.hole, n);
    return createHmac('sha256', key).update(template.bytes.subarray(template.bodyAt)).digest('hex');
  });
}

/** A copy: the kernel may not have taken the previous bytes when the hole is written again. */
function requestOf(
  template: ReturnType<typeof requestTemplate>,
  n: number,
  signatures: readonly string[] | null,
): Buffer {
  const bytes = Buffer.from(template.bytes);
  writeNumber(bytes, template.hole, n);
  if (signatures !== null) bytes.write(signatures[n]!, template.signatureAt, 'latin1');
  return bytes;
}

/** Every port gets every path. */
function targetOf({ ports, paths }: LoadOrder, publisher: number): { port: number; path: string } {
  const turn = Math.floor(publisher / ports.length);
  return { port: ports[publisher % ports.length]!, path: paths[turn % paths.length]! };
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (report) => process.send!(report),
    (cause) => {
      console.error(cause);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });
