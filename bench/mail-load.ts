/**
 * Mail generator, in a process of its own: connections that each send one message after the other, pipelined up to DATA
 * as mail servers do (RFC 2920).
 */
import { connect, type Socket } from 'node:net';

export interface MailOrder {
  readonly port: number;
  readonly address: string;
  readonly connections: number;
  readonly count: number;
  /** Makes its messages others than those of any other run. */
  readonly run: number;
  /** Of a message. */
  readonly bytes: number;
}

export interface MailReport {
  readonly taken: number;
  readonly refused: number;
  readonly wallMs: number;
}

async function send(order: MailOrder): Promise<MailReport> {
  const report = { taken: 0, refused: 0 };
  let next = 0;
  const lines = await Promise.all(Array.from({ length: order.connections }, () => open(order.port)));
  const started = performance.now();
  await Promise.all(
    lines.map(async ({ socket, replies }) => {
      while (next < order.count) {
        socket.write(`MAIL FROM:<bench@example.com>\r\nRCPT TO:<${order.address}>\r\nDATA\r\n`);
        await replies(3);
        socket.write(message(next++, order));
        if ((await replies(1)).startsWith('250')) report.taken++;
        else report.refused++;
      }
      socket.destroy();
    }),
  );
  return { ...report, wallMs: performance.now() - started };
}

function message(number: number, { bytes, run }: MailOrder): string {
  const head = `From: bench@example.com\r\nSubject: Bench\r\nMessage-Id: <${number}.${run}@bench>\r\n\r\n`;
  return `${head}${`${'x'.repeat(76)}\r\n`.repeat(Math.max(1, Math.round((bytes - head.length) / 78)))}.\r\n`;
}

interface Line {
  readonly socket: Socket;
  /** The last of so many replies. */
  replies(count: number): Promise<string>;
}

async function open(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let text = '';
  let wake = (): void => {};
  let failure: Error | null = null;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    wake();
  });
  const fail = (error: Error): void => {
    failure = error;
    wake();
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The mail port closed the connection.')));
  const replies = async (count: number): Promise<string> => {
    let last = '';
    for (let left = count; left > 0; left--) {
      let found = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text);
      while (found === null) {
        if (failure !== null) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        found = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text);
      }
      text = text.slice(found[0].length);
      last = found[0];
    }
    return last;
  };
  await replies(1);
  socket.write('EHLO bench.test\r\n');
  await replies(1);
  return { socket, replies };
}

process.on('message', (order: MailOrder) => {
  send(order).then(
    (report) => process.send!(report),
    (cause) => {
      console.error(cause);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });
