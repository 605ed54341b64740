/** The physical limit: answers 202 and forwards by undici's dispatch; stores nothing, signs nothing, retries nothing. */
import { createServer } from 'node:http';
import { Pool } from 'undici';

const target = new Pool(process.argv[2]!, { connections: 64 });
const headers = ['content-type', 'application/json'];

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response
      .writeHead(202, { 'content-type': 'application/json', 'content-length': '11' })
      .end('{"ok":true}');
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    target.dispatch(
      { path: '/', method: 'POST', headers, body },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd() {},
        onResponseError(_controller, error) {
          console.error(error);
        },
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }));
process.on('disconnect', () => process.exit(0));
