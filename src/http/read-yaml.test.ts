import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from './read-yaml.ts';

async function faultOf(text: string, msMax?: number): Promise<string> {
  const read = await readYaml(text, msMax);
  return 'fault' in read ? read.fault : assert.fail('was read');
}

test('YAML and JSON are read, and of a key that comes twice the last counts', async () => {
  assert.deepEqual(await readYaml('a: [1, {b: x}]'), { value: { a: [1, { b: 'x' }] } });
  assert.deepEqual(await readYaml('{"a":1,"a":2}'), { value: { a: 2 } });
  assert.deepEqual(await readYaml('a: 1\na: 2'), { value: { a: 2 } });
});

test('what is neither is refused with the place, and a text that multiplies itself with the reason', async () => {
  assert.match(await faultOf('a: [1'), /line 1/);
  const nine = (name: string): string => new Array(9).fill(name).join(',');
  const lines = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${nine(`*a${i}`)}]`);
  const laughs = [`a0: &a0 [${nine('x')}]`, ...lines].join('\n');
  assert.match(await faultOf(laughs), /repeats itself/);
});

test('a text that takes too long is given up, and nobody waits for it', async () => {
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  assert.match(await faultOf('{{{{'.repeat(50_000), 200), /too long/);
  clearInterval(ticking);
  assert.ok(turns > 1, 'the thread of the server went on');
});
