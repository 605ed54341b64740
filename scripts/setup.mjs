// Runs under whatever Node a machine has (>= 20), before `npm start` and `npm test`: brings the dependencies, and with
// them Node 24, when the lock file is not the one that was installed. From then on the scripts' PATH has Node 24 first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.posthorn-setup');

/** What an installation depends on: the lock file and the platform. */
function fingerprint() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(root, 'package-lock.json')));
  hash.update(`${process.platform} ${process.arch}`);
  return hash.digest('hex');
}

function installed() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();
}

function fail(sentence) {
  console.error(`posthorn: ${sentence}`);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old; install Node 20 or newer and run the command again.`);
}
if (!installed()) {
  console.log('posthorn: installing dependencies (once; the lock file is new) …');
  const started = Date.now();
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
  const result = spawnSync(
    command,
    [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: !npm && process.platform === 'win32',
    },
  );
  if (result.status !== 0)
    fail('the installation failed; the lines above say why. Is the npm registry reachable?');
  writeFileSync(stamp, fingerprint());
  console.log(`posthorn: installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}
