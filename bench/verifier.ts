/** The limit for verified ingest: a bare server that checks GitHub's signature and answers; it keeps and forwards nothing. */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = createSecretKey(Buffer.from(process.argv[2]!));

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const given = Buffer.from(String(request.headers['x-hub-signature-256']).slice(7), 'hex');
    const own = createHmac('sha256', key).update(body).digest();
    const isValid = given.length === own.length && timingSafeEqual(given, own);
    response
      .writeHead(isValid ? 202 : 401, { 'content-type': 'application/json', 'content-length': '11' })
      .end('{"ok":true}');
  });
});
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }));
process.on('disconnect', () => process.exit(0));
