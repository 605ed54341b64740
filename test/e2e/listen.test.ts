/** The commands for a developer's terminal, built and run beside a real server. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { type Received, startReceiver } from '../support/receiver.ts';
import { signedByGithub } from '../support/source.ts';
import { freePort, run, ServerProcess, temporaryFolder } from './command.ts';
import { RunningCommand } from './running-command.ts';

const SECRET = 'a-secret-of-github';

const folder = temporaryFolder();
let server: ServerProcess;
let settings: Readonly<Record<string, string>>;
let token = '';

before(async () => {
  server = new ServerProcess(await freePort(), {
    POSTHORN_DATA_DIR: `${folder.path}/data`,
    XDG_STATE_HOME: `${folder.path}/state`,
  });
  settings = server.settings;
  await server.start();
  token = await server.token();
});
after(async () => {
  await server.end('SIGKILL');
  folder[Symbol.dispose]();
});

async function api(method: string, path: string, body?: unknown) {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  const json: any = await answer.json();
  assert.ok(answer.ok, JSON.stringify(json));
  return json;
}

async function makeGithub(uid: string): Promise<{ id: string; url: string }> {
  return api('POST', '/api/v1/source', { name: `Git ${uid}`, uid, provider: 'github', secrets: [SECRET] });
}

async function send(url: string, n: number): Promise<void> {
  // White space that nobody who writes JSON anew would keep.
  const body = `{ "n" :${n} }`;
  const answer = await fetch(`${url}/hooks/a%2Fb?n=${n}`, {
    method: 'PUT',
    headers: signedByGithub(body, SECRET),
    body,
  });
  assert.equal(answer.status, 202);
}

function numbers(requests: readonly Received[]): number[] {
  return requests.map(({ body }) => (JSON.parse(body.toString()) as { n: number }).n);
}

function assertStillSigned(request: Received): void {
  const digest = createHmac('sha256', SECRET).update(request.body).digest('hex');
  assert.equal(request.headers['x-hub-signature-256'], `sha256=${digest}`);
}

test('listen forwards calls as they came, those from while it was away first, and outlives a killed server', async () => {
  const source = await makeGithub('away');
  await using nearby = await startReceiver();
  const args = ['listen', 'away', `${nearby.url}/base?from=hub`];
  await using first = new RunningCommand(args, settings);
  await first.says(/connected: "Git away" -> /);
  await send(source.url, 1);
  await nearby.waitFor(1);
  assert.match(
    (await first.lines(1))[0]!,
    /^\d\d:\d\d:\d\d {2}PUT +\/hooks\/a%2Fb {2}push {2}200 {2}\d+ ms$/,
  );
  assert.equal(await first.end(), 0);

  await send(source.url, 2);
  await send(source.url, 3);
  // The source by its name now, in other letters.
  await using second = new RunningCommand(['listen', 'git AWAY', ...args.slice(2)], settings);
  await nearby.waitFor(3);
  await server.end('SIGKILL');
  await second.says(/reconnecting: No answer from .* is the server running/);
  await server.start();
  await second.says(/connected again, after /);
  await send(source.url, 4);
  const all = await nearby.waitFor(4);
  assert.deepEqual(numbers(all), [1, 2, 3, 4]);
  const [call] = all;
  assert.deepEqual([call!.method, call!.url], ['PUT', '/base/hooks/a%2Fb?from=hub&n=1']);
  assert.equal(call!.headers.host, new URL(nearby.url).host);
  all.forEach(assertStillSigned);
  assert.equal(await second.end(), 0);
});

test('listen waits for a server nearby that is down and says so; with --skip-failed it goes on', async () => {
  const source = await makeGithub('down');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  await using listening = new RunningCommand(['listen', 'down', url], settings);
  await listening.says(/connected:/);
  for (const n of [1, 2]) await send(source.url, n);
  await listening.says(/gives no answer \(ECONNREFUSED\); trying again/);
  await using skipping = new RunningCommand(
    [
      ...[
        'listen',
        source.url,
        url,
        '--skip-failed',
        '--from',
        'beginning',
        '--filter',
        'body.n>=2',
        '--json',
      ],
      ...['--cursor', `${folder.path}/other.json`],
    ],
    settings,
  );
  const [skipped] = (await skipping.lines(1)).map(
    (line) => JSON.parse(line) as { skipped: string; path: string },
  );
  assert.deepEqual([skipped!.skipped, skipped!.path], ['ECONNREFUSED', '/hooks/a%2Fb']);
  await skipping.end();
  const came: (string | undefined)[] = [];
  const nearby = createServer((request, response) => {
    came.push(request.url);
    // An answer is an answer: whoever develops a receiver wants to see the next call, too.
    response.writeHead(came.length === 1 ? 500 : 200).end();
  }).listen(port, '127.0.0.1');
  try {
    await send(source.url, 3);
    const lines = await listening.lines(3);
    assert.deepEqual(came, ['/hooks/a%2Fb?n=1', '/hooks/a%2Fb?n=2', '/hooks/a%2Fb?n=3']);
    assert.match(lines[0]!, / {2}500 {2}/);
    assert.match(listening.stderr, /answers again, after /);
  } finally {
    nearby.closeAllConnections();
    nearby.close();
  }
});

test('trigger signs as the provider does, tail shows it, replay delivers it again', async () => {
  const source = await makeGithub('made');
  await using receiver = await startReceiver();
  const destination = await api('POST', '/api/v1/destination', { url: receiver.url });
  await api('POST', '/api/v1/flow', { name: 'on', sources: [source.id], destinations: [destination.id] });
  const since = new Date(Date.now() - 1000).toISOString();
  await using tail = new RunningCommand(
    ['tail', 'made', '--json', '--where', 'body.zen exists', '--since', '1m'],
    settings,
  );
  const [sample, own, refused] = await Promise.all([
    run(['--json', 'trigger', 'made', '--provider-sample'], settings),
    run(
      ['trigger', 'made', '--data', '{"zen":2}', '--path', '/x', '--header', 'X-GitHub-Event: star'],
      settings,
    ),
    run(['trigger', 'made', '--data', '{}', '--no-sign'], settings),
  ]);
  assert.equal(sample.exitCode, 0, sample.stdout + sample.stderr);
  assert.match(own.stdout, /^202 {2}\d+ ms {2}\{"id":"evt_/);
  assert.deepEqual([refused.exitCode, /signature-missing/.test(refused.stdout)], [1, true]);
  const shown = (await tail.lines(2)).map((line) => {
    const { type, path, verified } = JSON.parse(line) as { type: string; path: string; verified: boolean };
    return `${type} ${path} ${verified}`;
  });
  assert.deepEqual(shown.sort(), ['push  true', 'star /x true']);
  assert.equal(await tail.end(), 0);
  await receiver.waitFor(2);

  const replay = await run(
    ['replay', '--source', source.url, '--since', since, '--where', 'body.zen=2'],
    settings,
  );
  assert.equal(replay.exitCode, 0, replay.stderr);
  assert.equal(replay.stdout, '1 event replayed: 1 delivery queued.\n');
  const [, , again] = await receiver.waitFor(3);
  assert.equal(again!.body.toString(), '{"zen":2}');
  const { id } = JSON.parse((JSON.parse(sample.stdout) as { answer: string }).answer) as { id: string };
  const one = await run(['replay', id, '--to', destination.id], settings);
  assert.equal(one.stdout, `Queued again for ${destination.id}.\n`);
  await receiver.waitFor(4);
});

test('replay counts what it has done, and Ctrl-C cancels it on the server', async () => {
  const source = await makeGithub('many');
  await using receiver = await startReceiver();
  const destination = await api('POST', '/api/v1/destination', { url: receiver.url });
  for (let n = 1; n <= 5; n++) await send(source.url, n);
  const args = ['replay', '--source', 'many', '--since', '1h', '--to', destination.id, '--rate', '0.5'];
  await using replay = new RunningCommand(args, settings);
  await replay.says(/replay: \d events …/);
  assert.equal(await replay.end(), 130);
  assert.match(replay.stderr, /canceled after \d events? \(qtask_\w+\)/);
  const id = /qtask_\w+/.exec(replay.stderr)![0];
  assert.equal((await api('GET', `/api/v1/background-task/${id}`)).data.canceled, true);
  assert.ok(receiver.requests.length < 5);
});

test('what cannot work is one sentence and an exit code', async () => {
  const away = { POSTHORN_SERVER_URL: `http://127.0.0.1:${await freePort()}`, POSTHORN_TOKEN: 'x' };
  const cases: [readonly string[], Readonly<Record<string, string>>, number, RegExp][] = [
    [['tail'], away, 7, /^posthorn: No answer from .*ECONNREFUSED/],
    [['tail', '--server', 'http://example.com'], settings, 2, /^posthorn: --token: is needed for http/],
  ];
  const outcomes = await Promise.all(cases.map(([args, given]) => run(args, given)));
  outcomes.forEach(({ exitCode, stderr }, index) => {
    const [args, , code, words] = cases[index]!;
    assert.deepEqual(
      [exitCode, words.test(stderr)],
      [code, true],
      `${args.join(' ')}: ${exitCode} ${stderr}`,
    );
  });
});
