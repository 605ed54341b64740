import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { inTurns } from './in-turns.ts';

function rig(max: number) {
  const turns = inTurns(max);
  const begun: string[] = [];
  const acknowledged: string[] = [];
  const ends = new Map<string, (isTaken: boolean | Error) => void>();
  return {
    begun,
    acknowledged,
    start: (topic: string, name: string) =>
      turns.start(
        topic,
        (job) => void job().catch(() => {}),
        () => {
          begun.push(name);
          return new Promise((resolve, reject) =>
            ends.set(name, (end) => (end instanceof Error ? reject(end) : resolve(end))),
          );
        },
        () => acknowledged.push(name),
      ),
    async end(name: string, isTaken: boolean | Error = true) {
      ends.get(name)!(isTaken);
      await tick();
    },
  };
}

test('messages of different topics are taken at once, those of one topic one after the other', async () => {
  const { start, end, begun } = rig(10);
  for (const name of ['a1', 'a2', 'b1']) await start(name[0]!, name);
  await tick();
  assert.deepEqual(begun, ['a1', 'b1']);
  await end('a1');
  assert.deepEqual(begun, ['a1', 'b1', 'a2']);
});

test('acknowledgements go out in the order of arrival; what was not taken is passed over', async () => {
  const { start, end, acknowledged } = rig(10);
  for (const name of ['a', 'b', 'c', 'd']) await start(name, name);
  await tick();
  await end('d');
  await end('b', false);
  await end('c', new Error('bug'));
  assert.deepEqual(acknowledged, []);
  await end('a');
  assert.deepEqual(acknowledged, ['a', 'd']);
});

test('no more than the bound are under way', async () => {
  const { start, end, begun } = rig(2);
  await start('a', 'a');
  await start('b', 'b');
  const third = start('c', 'c');
  await tick();
  assert.deepEqual(begun, ['a', 'b']);
  await end('b');
  await third;
  await tick();
  assert.deepEqual(begun, ['a', 'b', 'c']);
});
