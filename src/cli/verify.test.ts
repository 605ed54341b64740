import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { providerVectors } from '../../test/support/provider-vectors.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const PAYPAL = providerVectors().find(({ provider }) => provider === 'paypal-webhooks')!;

function verify(args: readonly string[], input = JSON.stringify(PAYPAL)) {
  const command = [MAIN, 'verify', '--provider', 'paypal-webhooks', ...args, '-'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

test('a captured call is valid with its key and configuration, and the command says so in JSON and by its exit code', () => {
  const { status, stdout, stderr } = verify([
    '--secret',
    PAYPAL.publicKey!,
    '--config',
    'webhookId=WH-DEMO-ID',
    '--at',
    '1760000000',
  ]);
  assert.deepEqual([status, stdout, stderr], [0, '{"valid":true,"reason":null}\n', '']);
});

test('a call that is not valid ends with 1 and the reason', () => {
  const { status, stdout } = verify([
    '--secret',
    PAYPAL.publicKey!,
    '--config=webhookId=WH-OTHER',
    '--at',
    '1760000000',
  ]);
  assert.equal(status, 1);
  assert.equal((JSON.parse(stdout) as { reason: string }).reason, 'signature-mismatch');
});

test('a question that cannot be answered ends with 2 and a sentence', () => {
  const { status, stdout, stderr } = verify(['--secret', 'no key', '--config', 'webhookId=x']);
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /^posthorn: Give the public key [^\n]+\n$/);
});
