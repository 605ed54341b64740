/** Builds what is published: two bundles (the command and the storage worker) in dist/, from the sources. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');
const stamp = join(out, '.sources');

/** Hash of every source, so that a second start does not build again. */
function sourcesHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package.json')));
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (!name.endsWith('.test.ts')) hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  };
  walk(join(root, 'src'));
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex');
}

const current = sourcesHash();
if (!process.argv.includes('--force') && existsSync(stamp) && readFileSync(stamp, 'utf8') === current)
  process.exit(0);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { posthorn: 'src/cli/main.ts', worker: 'src/storage/sqlite/worker.ts' },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // Dependencies stay in node_modules: they are installed with the package, and stack traces name them.
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: 'linked',
  define: { 'import.meta.posthornBundle': 'true' },
  logLevel: 'warning',
});
writeFileSync(stamp, current);
console.log(`posthorn: built dist/ (${(statSync(join(out, 'posthorn.mjs')).size / 1024).toFixed(0)} kB).`);
