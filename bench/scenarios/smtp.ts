/** Mail through the listener into the store: every 250 is a commit. SPF, DKIM and DMARC are off: they wait for DNS. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { call } from '../api.ts';
import type { MailOrder, MailReport } from '../mail-load.ts';
import type { BenchOptions } from '../options.ts';
import { cpuMicros, memoryMb, startPeer, startServer } from '../processes.ts';
import { heading, spread, step, table } from '../report.ts';

/** Below what one address may have. */
const CONNECTIONS = 16;
/** A short note, and one with a picture. */
const SIZES = [2_000, 200_000];

export async function smtp(options: BenchOptions): Promise<void> {
  heading('Mail in');
  const port = await freePort();
  await using load = await startPeer<unknown>('mail-load.ts');
  await using server = await startServer({ env: { POSTHORN_SMTP_LISTEN: `127.0.0.1:${port}` } });
  const input = { spf: false, dkim: false, dmarc: false };
  const { url } = await call<{ url: string }>(server, 'POST', '/source', {
    name: 'bench',
    kind: 'smtp',
    input,
  });
  const address = `${url.split('/').at(-1)}@hub.test`;
  const rows: string[][] = [];
  for (const bytes of SIZES) {
    const count = Math.round(bytes > 10_000 ? options.events / 40 : options.events / 4);
    const rates: number[] = [];
    const costs: number[] = [];
    for (let round = 0; round <= options.rounds; round++) {
      step(`round ${round}/${options.rounds}: ${bytes} bytes`);
      const order: MailOrder = { port, address, connections: CONNECTIONS, count, bytes, run: Date.now() };
      const before = cpuMicros(server.pid);
      const { taken, refused, wallMs } = await load.ask<MailReport>(order);
      if (refused > 0) throw new Error(`${refused} messages were refused.`);
      if (round === 0) continue;
      rates.push((taken / wallMs) * 1000);
      costs.push((cpuMicros(server.pid) - before) / taken);
    }
    rows.push([String(bytes), spread(rates), spread(costs), memoryMb(server.pid).peak.toFixed(0)]);
  }
  table(['bytes', 'messages/s', 'CPU µs per message', 'peak MB'], rows);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
