/** The table of who may import whom. Change it together with docs/architecture.md, with a decision record. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { type SourceFile, sourceFiles } from './support/source-files.ts';

const ARROWS: Record<string, readonly string[]> = {
  core: [],
  ports: ['core'],
  contract: ['core'],
  config: ['core'],
  engine: ['core', 'ports'],
  storage: ['core', 'ports'],
  outbound: ['core', 'ports'],
  providers: ['core'],
  formats: ['core', 'ports'],
  sandbox: ['core', 'ports'],
  inbound: ['core', 'ports'],
  http: ['core', 'ports', 'contract', 'engine'],
  client: ['contract', 'http (types)'],
  cli: ['client', 'contract', 'config', 'app'],
  app: [
    ...['core', 'ports', 'contract', 'config', 'providers', 'formats', 'sandbox', 'engine', 'storage'],
    ...['outbound', 'inbound', 'http', 'client'],
  ],
};
/** Packages and node modules that a room may use; a room that is not named may use any. */
const OUTSIDE: Record<string, readonly string[]> = {
  core: ['node:crypto'],
  ports: [],
  contract: ['typebox'],
  config: ['yaml'],
  engine: ['lru-cache', 'node:crypto'],
  providers: ['node:crypto'],
  sandbox: ['@marcbachmann/cel-js', 're2js', 'node:crypto'],
};
const PURE = ['core', 'ports', 'contract', 'config', 'providers', 'formats', 'sandbox', 'engine'];
const IMPURE_WORDS: readonly [RegExp, string][] = [
  [/\bDate\.now\b|\bnew Date\(\)/, 'take the instant from the clock'],
  [/\bMath\.random\b|\brandom(Bytes|UUID|Int)\(|\bgetRandomValues\b/, 'take randomness from the dice'],
  [/\bprocess\.env\b/, 'take settings from the config'],
  [/(?<![.\w])fetch\(/, 'send through the wire'],
  [/\bset(Timeout|Interval|Immediate)\(/, 'take timers from the clock'],
  [/\bperformance\.now\b/, 'take the instant from the clock'],
];
const IMPORT =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');

function violations(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !file.path.endsWith('.test.ts'))
    .flatMap((file) => [...importsOf(file), ...wordsOf(file)]);
}

function importsOf({ path, text }: SourceFile): string[] {
  const room = path.split('/')[1]!;
  const allowed = ARROWS[room];
  if (!allowed) return [`${path}: no room is called ${room}`];
  const found: string[] = [];
  for (const [, typeOnly, from, dynamic] of withoutComments(text).matchAll(IMPORT)) {
    const target = from ?? dynamic!;
    if (!target.startsWith('.')) {
      const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0]!;
      if (OUTSIDE[room] && !OUTSIDE[room].includes(name)) found.push(`${path}: ${room} may not use ${name}`);
      continue;
    }
    const resolved = posix.normalize(posix.join(posix.dirname(path), target));
    const other = resolved.split('/')[1]!;
    if (resolved === 'package.json') continue; // Its version, which is kept nowhere else.
    if (!resolved.startsWith('src/')) found.push(`${path}: src may not import ${resolved}`);
    else if (
      other !== room &&
      !allowed.includes(other) &&
      !(typeOnly && allowed.includes(`${other} (types)`))
    )
      found.push(`${path}: ${room} may not import ${other}`);
    else if (
      /^src\/storage\/(sqlite|postgres)\//.test(path) &&
      /^src\/storage\/(sqlite|postgres)\//.test(resolved)
    ) {
      if (path.split('/')[2] !== resolved.split('/')[2])
        found.push(`${path}: drivers may not import each other`);
    }
  }
  return found;
}

function wordsOf({ path, text }: SourceFile): string[] {
  if (!PURE.includes(path.split('/')[1]!)) return [];
  const code = withoutComments(text);
  return IMPURE_WORDS.filter(([word]) => word.test(code)).map(
    ([word, remedy]) => `${path}: ${word.exec(code)![0]}: ${remedy}`,
  );
}

test('rooms import only what the table allows, and pure rooms stay pure', () => {
  assert.deepEqual(violations(sourceFiles(['src'], ['.ts', '.tsx'])), []);
});

test('the check of the arrows bites', () => {
  const plant = (path: string, text: string) => violations([{ path, text }]);
  assert.match(
    plant('src/core/a.ts', `import { x } from '../storage/open.ts';`)[0]!,
    /core may not import storage/,
  );
  assert.match(
    plant('src/core/a.ts', `import type { X } from '../ports/clock.ts';`)[0]!,
    /core may not import ports/,
  );
  assert.match(plant('src/core/a.ts', `import net from 'node:net';`)[0]!, /core may not use node:net/);
  assert.match(plant('src/engine/a.ts', `const at = Date.now();`)[0]!, /clock/);
  assert.match(
    plant('src/http/a.ts', `const x = await import('../outbound/send.ts');`)[0]!,
    /http may not import outbound/,
  );
  assert.match(plant('src/storage/sqlite/a.ts', `import '../postgres/b.ts';`)[0]!, /each other/);
  assert.match(plant('src/attic/a.ts', '')[0]!, /no room/);
  assert.match(
    plant('src/client/a.ts', `import { x } from '../http/a.ts';`)[0]!,
    /client may not import http/,
  );
  assert.deepEqual(plant('src/client/a.ts', `import type { X } from '../http/a.ts';`), []);
  assert.deepEqual(plant('src/storage/sqlite/a.ts', `import '../sql/b.ts';\n// Date.now is fine here.`), []);
});
