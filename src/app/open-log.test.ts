import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = new URL('./open-log.ts', import.meta.url).href;

/** The lines that a program prints with a log of this level. */
function lines(level: string, body: string): Record<string, unknown>[] {
  const program = `import { openLog } from ${JSON.stringify(MODULE)}; const log = openLog('${level}'); ${body}; log.flush();`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('each line is JSON with level, time, event and the fields', () => {
  const [info, empty, warn, error] = lines(
    'info',
    `log.info('a.b', { text: 'quote " and \\u2028', n: 1, none: null, gone: undefined }); log.info('e.f', {}); log.warn('g.h', { n: 2 }); log.error('c.d', new Error('boom'), { id: 'x' })`,
  );
  const { time, ...rest } = info!;
  assert.ok(Math.abs(Number(time) - Date.now()) < 60_000);
  assert.deepEqual(rest, { level: 30, event: 'a.b', text: 'quote " and \u2028', n: 1, none: null });
  assert.equal(empty!.event, 'e.f');
  assert.deepEqual([warn!.level, warn!.event, warn!.n], [40, 'g.h', 2]);
  assert.equal(error!.level, 50);
  assert.equal(error!.id, 'x');
  assert.equal((error!.err as { message: string }).message, 'boom');
});

test('lines below the level are left out', () => {
  assert.deepEqual(
    lines('warn', `log.info('a.b', { n: 1 }); log.warn('c.d', {})`).map((line) => line.event),
    ['c.d'],
  );
});
