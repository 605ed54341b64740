import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from './exit-codes.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function run(args: readonly string[], dataDir = 'unused') {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('POSTHORN_'));
  const env = { ...Object.fromEntries(own), POSTHORN_DATA_DIR: dataDir };
  return spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8', timeout: 30_000 });
}

test('with --json a wrong argument is one line of JSON on stdout and nothing on stderr', () => {
  for (const args of [['backup', '--json'], ['--json']]) {
    const { status, stdout, stderr } = run(args);
    assert.equal(status, EXIT.unusable, args.join(' '));
    assert.equal(stderr, '');
    const { error } = JSON.parse(stdout) as { error: { code: string; detail: string } };
    assert.equal(error.code, 'bad-argument');
    assert.match(error.detail, /posthorn --help/);
  }
});

test('without --json a wrong argument is a sentence on stderr', () => {
  const { status, stdout, stderr } = run(['backup']);
  assert.deepEqual([status, stdout], [EXIT.unusable, '']);
  assert.match(stderr, /missing required argument 'file'/);
});

test('a token from a data directory without secrets says that it made them, the next one does not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-cli-'));
  try {
    const first = run(['token'], join(folder, 'data'));
    assert.equal(first.status, EXIT.ok);
    assert.match(first.stderr, /made new secrets in .*data/);
    assert.deepEqual(readdirSync(join(folder, 'data')), ['secrets.json']);
    const second = run(['token'], join(folder, 'data'));
    assert.deepEqual([second.status, second.stderr], [EXIT.ok, '']);
    assert.match(second.stdout, /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
