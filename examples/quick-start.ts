/**
 * The quick start: one real event, from an application's code to a customer's URL and verified there.
 * Run `POSTHORN_ALLOW_SUBNETS=127.0.0.1/32,::1/128 npm start` in one terminal and `npm run example` in another.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { Svix } from 'svix';

const serverUrl = process.env.POSTHORN_URL ?? 'http://127.0.0.1:8071';
const isUp = await fetch(new URL('/api/v1/health', serverUrl)).then(
  ({ ok }) => ok,
  () => false,
);
if (!isUp) {
  console.error(
    `No server answers at ${serverUrl}: run \`POSTHORN_ALLOW_SUBNETS=127.0.0.1/32,::1/128 npm start\` in another terminal first.`,
  );
  process.exit(1);
}

const command = fileURLToPath(new URL('../bin/posthorn.js', import.meta.url));
const token =
  process.env.POSTHORN_TOKEN ??
  execFileSync(process.execPath, [command, 'token'], { encoding: 'utf8' }).trim();

// What your customer runs: a URL that verifies each call with the published library of the Standard Webhooks project.
let secret = '';
const arrived = Promise.withResolvers<void>();
const receiver = createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request)).toString();
  try {
    const event = new Webhook(secret).verify(body, request.headers as Record<string, string>) as {
      action?: string;
    };
    response.writeHead(204).end();
    console.log(
      `4. received ${request.headers['webhook-id']}, signature valid, action: ${event.action}, ${body.length} bytes`,
    );
    arrived.resolve();
  } catch (cause) {
    response.writeHead(400).end();
    arrived.reject(cause);
  }
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as { port: number };

// What your application runs: the published client of the field's common API, pointed at Posthorn.
const posthorn = new Svix(token, { serverUrl });
const application = await posthorn.application.getOrCreate({ uid: 'quick-start', name: 'Quick start' });
console.log(`1. application ${application.id}`);
const endpoint = await posthorn.endpoint.create(application.id, { url: `http://127.0.0.1:${port}/github` });
secret = (await posthorn.endpoint.getSecret(application.id, endpoint.id)).key;
console.log(`2. endpoint ${endpoint.id} -> ${endpoint.url}`);

interface Example {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}
const webhooks = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Example[];
const payload = webhooks.find(({ name }) => name === 'issues')!.examples[0]!;
const message = await posthorn.message.create(application.id, { eventType: 'github.issues', payload });
console.log(`3. published ${message.id}`);

const late = setTimeout(
  () =>
    arrived.reject(
      new Error(
        'nothing arrived within 10 s; does the server run with POSTHORN_ALLOW_SUBNETS=127.0.0.1/32,::1/128?',
      ),
    ),
  10_000,
);
try {
  await arrived.promise;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const attempts = await posthorn.messageAttempt.listByMsg(application.id, message.id);
  console.log(
    `5. history: ${attempts.data.map((attempt) => `${attempt.statusText} ${attempt.responseStatusCode}`).join(', ')}`,
  );
} catch (cause) {
  console.error((cause as Error).message);
  process.exitCode = 1;
} finally {
  clearTimeout(late);
  await posthorn.endpoint.delete(application.id, endpoint.id);
  receiver.close();
}
