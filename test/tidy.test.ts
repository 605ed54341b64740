/** The house style that a command can check. Exceptions live in EXCEPTIONS, which may only get shorter. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT, type SourceFile, sourceFiles } from './support/source-files.ts';

const EXCEPTIONS: readonly string[] = [];

const FILE_LINES_MAX = 400;
const TEST_LINES_MAX = 600;
const FUNCTION_LINES_MAX = 60;
const BANNED_NAMES = /(^|[-/.])(utils?|helpers?|common|manager|service|impl|misc|base)([-/.]|$)/i;
const BANNED_WORDS: readonly [RegExp, string][] = [
  [/\b(TODO|FIXME|XXX)\b(?!.*#\d)/, 'finish it, or name an issue number'],
  [/\bclass Base[A-Z]/, 'prefer a function or a value'],
  [/export default\b/, 'use a named export'],
  [/@ts-(ignore|nocheck)/, 'make the types true'],
  [/\b(enum|namespace)\s+[A-Z]\w*\s*\{/, 'use a union type; sources run by type stripping'],
  [/\bconsole\.log\(/, 'write through the log or the CLI’s output'],
];
/** Places that people read on a terminal. */
const MAY_PRINT = /^(src\/cli\/|src\/app\/|scripts\/|bench\/|test\/|examples\/|recipes\/)/;

function complaints({ path, text }: SourceFile): string[] {
  const found: string[] = [];
  const lines = text.split('\n');
  const isTest = path.endsWith('.test.ts') || path.startsWith('test/');
  const limit = path.includes('/migrations/') ? Infinity : isTest ? TEST_LINES_MAX : FILE_LINES_MAX;
  if (lines.length > limit + 1) found.push(`${path}: ${lines.length} lines; split it (at most ${limit})`);
  if (BANNED_NAMES.test(path.slice(0, path.lastIndexOf('.'))))
    found.push(`${path}: name it after what it does`);
  if (!/^[a-z0-9.-]+$/.test(path.slice(path.lastIndexOf('/') + 1)))
    found.push(`${path}: file names are kebab-case`);
  for (const [word, remedy] of BANNED_WORDS) {
    if (path === 'test/tidy.test.ts' || (MAY_PRINT.test(path) && String(word).includes('console'))) continue;
    const at = lines.findIndex((line) => word.test(line));
    if (at >= 0) found.push(`${path}:${at + 1}: ${word.exec(lines[at]!)![0]}: ${remedy}`);
  }
  if (!isTest) found.push(...longFunctions(path, lines));
  return found.filter((complaint) => !EXCEPTIONS.some((exception) => complaint.startsWith(exception)));
}

/** A function or method starts a block at its own indentation and ends where that closes: the formatter sees to it. */
function longFunctions(path: string, lines: readonly string[]): string[] {
  const found: string[] = [];
  lines.forEach((line, start) => {
    const opens =
      /^(\s*)(?:export )?(?:async )?function\b.*$|^(\s*)(?:export )?const \w+ = (?:async )?\(.*$|^(\s+)(?:(?:private|async|static|get|set|override) )*#?\w+(?:<.*>)?\(.*\{$/.exec(
        line,
      );
    if (!opens || /^\s*(if|for|while|switch|catch|return)\b/.test(line)) return;
    const indent = opens[1] ?? opens[2] ?? opens[3] ?? '';
    const end = lines.findIndex(
      (other, at) =>
        at >= start &&
        (other === `${indent}}` ||
          (/^\};?$|^\}\);?$/.test(other.slice(indent.length)) && other.startsWith(indent))),
    );
    if (end - start + 1 > FUNCTION_LINES_MAX)
      found.push(`${path}:${start + 1}: ${end - start + 1} lines in one function`);
  });
  return found;
}

function deadLinks({ path, text }: SourceFile): string[] {
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
    .map(([, target]) => target!)
    .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
    .map((target) => `${path}: links to ${target}, which is not there`);
}

test('sources keep the house style', () => {
  const files = sourceFiles(['src', 'test', 'bench', 'scripts', 'examples', 'recipes'], ['.ts', '.tsx']);
  assert.deepEqual(files.flatMap(complaints), []);
});

test('each room says what lives in it, in at most 40 lines', () => {
  const rooms = new Set(
    sourceFiles(['src'], ['.ts']).map(({ path }) => path.split('/').slice(0, 2).join('/')),
  );
  for (const room of rooms) {
    const readme = join(ROOT, room, 'README.md');
    assert.ok(existsSync(readme), `${room}/README.md is missing`);
    assert.ok(
      readFileSync(readme, 'utf8').trimEnd().split('\n').length <= 40,
      `${room}/README.md is over 40 lines`,
    );
  }
});

test('documents keep their promises: links resolve, CHANGELOG has Unreleased, CONTRIBUTING stays short', () => {
  assert.deepEqual(sourceFiles(['.'], ['.md']).flatMap(deadLinks), []);
  assert.match(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), /^## Unreleased$/m);
  assert.ok(readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').trimEnd().split('\n').length <= 120);
  for (const { path, text } of sourceFiles(['docs/decisions'], ['.md']))
    assert.ok(text.trimEnd().split('\n').length <= 40, `${path} is over 40 lines`);
});

test('the style checks bite', () => {
  const plant = (path: string, text: string) => complaints({ path, text }).join('\n');
  assert.match(plant('src/core/string-utils.ts', ''), /name it after/);
  assert.match(plant('src/core/camelCase.ts', ''), /kebab-case/);
  assert.match(plant('src/core/a.ts', '// TODO: later'), /issue number/);
  assert.match(plant('src/core/a.ts', 'export default 1;'), /named export/);
  assert.match(plant('src/core/a.ts', 'enum Colour {\n}'), /union type/);
  assert.match(plant('src/core/a.ts', 'console.log(1);'), /log/);
  assert.match(plant('src/core/a.ts', 'x\n'.repeat(402)), /split it/);
  assert.match(
    plant('src/core/a.ts', `export function long(): void {\n${'  x();\n'.repeat(60)}}\n`),
    /62 lines in one function/,
  );
  assert.match(
    plant('src/core/a.ts', `class A {\n  run(): void {\n${'    x();\n'.repeat(60)}  }\n}\n`),
    /62 lines in one function/,
  );
  assert.match(deadLinks({ path: 'README.md', text: '[x](nowhere.md)' }).join(), /not there/);
});
