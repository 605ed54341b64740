/** Receiver of the bench, in a process of its own: answers 200 and notes when each numbered event arrived. */
import { createServer } from 'node:http';
import { numberIn } from './event.ts';

let arrivals = new Float64Array(0);
let count = 0;
let distinct = 0;
/** Requests to an endpoint that refuses every fourth. */
let flaky = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const isRefused = request.url!.startsWith('/flaky') && ++flaky % 4 === 0;
    if (!isRefused) note(numberIn(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    response.writeHead(isRefused ? 500 : 200, { 'content-length': '0' }).end();
  });
});

function note(n: number): void {
  count++;
  if (n >= 0 && n < arrivals.length && arrivals[n] === 0) {
    // The same monotonic clock in every process of the machine.
    arrivals[n] = Number(process.hrtime.bigint()) / 1e6;
    distinct++;
  }
}

/** Accepts connections and never answers: the hanging endpoint of the isolation bench. */
const silent = createServer(() => {});

process.on('message', (message: { ask: 'reset'; size: number } | { ask: 'count' } | { ask: 'arrivals' }) => {
  if (message.ask === 'reset') {
    arrivals = new Float64Array(message.size);
    count = 0;
    distinct = 0;
    process.send!({ ok: true });
  } else if (message.ask === 'count') process.send!({ count, distinct });
  else process.send!({ arrivals });
});

server.listen(0, '127.0.0.1', () =>
  silent.listen(0, '127.0.0.1', () =>
    process.send!({
      port: (server.address() as { port: number }).port,
      silentPort: (silent.address() as { port: number }).port,
    }),
  ),
);
process.on('disconnect', () => process.exit(0));
