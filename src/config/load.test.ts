import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { BadSetting } from './parse.ts';

const load = (env: Record<string, string>, files: Record<string, string> = {}, file: string | null = null) =>
  loadConfig({
    env,
    file,
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) throw new Error('no such file');
      return content;
    },
  });
const refuses = (env: Record<string, string>, pattern: RegExp) =>
  assert.throws(
    () => load(env),
    (error) => error instanceof BadSetting && pattern.test(error.message),
  );

test('without settings the server listens on loopback only and reaches no private network', () => {
  const config = load({});
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 8071 });
  assert.deepEqual(config.allowSubnets, []);
  assert.equal(config.mainSecret, null);
  assert.ok(Object.isFrozen(config));
});

test('a retry schedule takes seconds as numbers and units as texts, comma-separated or JSON', () => {
  assert.deepEqual(
    load({ POSTHORN_RETRY_SCHEDULE: '5, 1ms, 5m, 2h' }).retrySchedule,
    [5000, 1, 300_000, 7_200_000],
  );
  assert.deepEqual(load({ POSTHORN_RETRY_SCHEDULE: '[0.5, "1d"]' }).retrySchedule, [500, 86_400_000]);
  assert.deepEqual(load({ POSTHORN_RETRY_SCHEDULE: '[]' }).retrySchedule, []);
});

test('the environment wins over the file and the file over the default', () => {
  const files = { 'p.yaml': 'listen: 0.0.0.0:9000\nallowSubnets:\n  - 10.0.0.0/8\nrequestTimeout: 3s\n' };
  const config = load({ POSTHORN_LISTEN: '[::1]:9001' }, files, 'p.yaml');
  assert.deepEqual(config.listen, { host: '::1', port: 9001 });
  assert.deepEqual(config.allowSubnets, ['10.0.0.0/8']);
  assert.equal(config.requestTimeout, 3000);
});

test('secrets are read from files, and only secrets', () => {
  const files = { '/run/main': 'a secret that is long enough\n' };
  assert.deepEqual(load({ POSTHORN_MAIN_SECRET_FILE: '/run/main' }, files).mainSecret, [
    'a secret that is long enough',
  ]);
  refuses({ POSTHORN_MAIN_SECRET_FILE: '/nowhere' }, /POSTHORN_MAIN_SECRET_FILE: cannot read/);
  refuses({ POSTHORN_LISTEN_FILE: '/x' }, /not a setting/);
});

test('each unusable setting is named with a sentence that says what would do', () => {
  refuses({ POSTHORN_LISTEN: 'here' }, /POSTHORN_LISTEN: needs host:port/);
  refuses({ POSTHORN_LISTEN: '127.0.0.1:70000' }, /needs host:port/);
  refuses(
    { POSTHORN_DATABASE_URL: 'mysql://a:secret@b/c' },
    /DATABASE_URL: needs postgres:.*percent-encoded\.$/s,
  );
  refuses({ POSTHORN_DATABASE_URL: 'postgres://host' }, /needs postgres:/);
  refuses({ POSTHORN_DATABASE_URL: 'postgres://a:p@ss/w#rd@host:5432/db' }, /percent-encoded/);
  assert.ok(load({ POSTHORN_DATABASE_URL: 'postgres://a:p%40ss%2Fw%23rd@host:5432/db' }).databaseUrl);
  refuses({ POSTHORN_DATABASE_URL: 'postgres://user:pass/word@host/name' }, /percent-encoded/);
  refuses({ POSTHORN_RETRY_SCHEDULE: 'soon' }, /needs a duration/);
  refuses({ POSTHORN_RETRY_SCHEDULE: '9d' }, /at most 7 days/);
  refuses({ POSTHORN_ALLOW_SUBNETS: '10.0.0.0/64' }, /needs CIDRs/);
  refuses({ POSTHORN_MAIN_SECRET: 'short' }, /16 characters/);
  refuses({ POSTHORN_DEFAULT_SIGNATURE_TYPE: 'md5' }, /one of hmac256, ed25519/);
  refuses({ POSTHORN_PROXY_URL: 'ftp://x' }, /needs a URL/);
  refuses({ POSTHORN_ENDPOINT_HTTPS_ONLY: 'maybe' }, /true or false/);
  refuses({ POSTHORN_LISTENN: 'x' }, /is not a setting/);
  assert.throws(() => load({}, { f: '- a' }, 'f'), /YAML mapping/);
  assert.throws(() => load({}, { f: 'a: [' }, 'f'), /cannot be used/);
  assert.throws(() => load({}, { f: 'lissten: x' }, 'f'), /not a setting/);
});
