import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CursorFile, CursorMark, cursorPath } from './cursor-file.ts';

const PLACE = { serverUrl: 'http://127.0.0.1:8071', sourceId: 'src_1' };

function inFolder(check: (path: string, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-cursor-'));
  try {
    check(join(folder, 'new', 'cursor.json'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a cursor that was written is read again, and nothing else is left beside it', () => {
  inFolder((path, folder) => {
    const file = new CursorFile(path, PLACE);
    assert.equal(file.read(), null);
    file.write('a1');
    file.write('a2');
    assert.equal(new CursorFile(path, PLACE).read(), 'a2');
    assert.deepEqual(readdirSync(join(folder, 'new')), ['cursor.json']);
  });
});

test('a cursor of another source, or no cursor, is refused with what to do', () => {
  inFolder((path, folder) => {
    new CursorFile(path, PLACE).write('a1');
    const other = new CursorFile(path, { ...PLACE, sourceId: 'src_2' });
    assert.throws(
      () => other.read(),
      /belongs to the source src_1: remove it, or name another with --cursor/,
    );
    const broken = join(folder, 'broken.json');
    for (const text of ['', '{', 'null', '{"cursor":1}']) {
      writeFileSync(broken, text);
      assert.throws(() => new CursorFile(broken, PLACE).read(), /is no cursor of `listen`/);
    }
    assert.throws(() => new CursorFile(folder, PLACE).read(), /cannot be read \(EISDIR\)/);
    assert.throws(() => new CursorFile(join(broken, 'x'), PLACE).write('a'), /cannot be written/);
  });
});

test('each server and each source has a file of its own, under the state folder of the user', () => {
  const path = cursorPath(PLACE, { XDG_STATE_HOME: '/state' });
  assert.match(path, /^\/state\/posthorn\/listen\/src_1-[0-9a-f]{12}\.json$/);
  assert.notEqual(
    path,
    cursorPath({ ...PLACE, serverUrl: 'http://127.0.0.1:8072' }, { XDG_STATE_HOME: '/state' }),
  );
  // The specification passes over relative ones.
  assert.match(cursorPath(PLACE, { XDG_STATE_HOME: 'state' }), /\/\.local\/state\/posthorn\/listen\//);
});

test('the mark moves over what is done, and never over what is not', () => {
  const moves: string[] = [];
  const mark = new CursorMark((cursor) => moves.push(cursor));
  const [a, b, c] = ['a', 'b', 'c'].map((cursor) => mark.begin(cursor)) as [
    () => void,
    () => void,
    () => void,
  ];
  b();
  assert.deepEqual(moves, []);
  a();
  assert.deepEqual(moves, ['b']);
  mark.begin('d')();
  assert.deepEqual(moves, ['b']);
  c();
  assert.deepEqual(moves, ['b', 'd']);
});
