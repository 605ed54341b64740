#!/usr/bin/env node
// The package's command. Plain JavaScript that any Node can read, so that an old one gets a sentence, not a stack trace.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../dist/posthorn.mjs', import.meta.url));
const ownNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
const major = Number(process.versions.node.split('.')[0]);

if (!existsSync(entry)) {
  console.error('posthorn: dist/ is not built; run `npm start` (or `npm run build`) in the checkout once.');
  process.exit(2);
} else if (major >= 24 && process.argv.includes('start') && process.execve) {
  // A larger young generation: what an event needs dies before it is copied, which saves about 7 % of the CPU per event.
  // And more threads for names: look-ups get half of them, and with the usual four two slow names would hold up all
  // others. Node takes both only at its start, so the process becomes one that has them: same pid, same terminal.
  const flags = ['--max-semi-space-size=32'];
  const env = { UV_THREADPOOL_SIZE: '32', ...process.env };
  process.execve(process.execPath, [process.execPath, ...flags, entry, ...process.argv.slice(2)], env);
} else if (major >= 24) {
  await import('../dist/posthorn.mjs');
} else if (existsSync(ownNode)) {
  // Whoever stops this process means the one that does the work.
  const child = spawn(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
} else {
  console.error(`posthorn: needs Node 24 or newer; this is ${process.versions.node}.`);
  process.exit(2);
}
