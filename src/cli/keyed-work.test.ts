import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import { KeyedWork } from './keyed-work.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('things of one key are done in order and never two at once, and no more at once than said', async () => {
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', null), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 4 }), async (all, concurrency) => {
      const work = new KeyedWork(concurrency);
      const running = new Set<number>();
      const done: number[] = [];
      let most = 0;
      for (const [index, key] of all.entries()) {
        await work.add(key, async () => {
          for (const other of running) assert.ok(key === null || all[other] !== key);
          running.add(index);
          most = Math.max(most, running.size);
          for (let pause = (index * 7) % 4; pause > 0; pause--) await tick();
          running.delete(index);
          done.push(index);
        });
      }
      await work.idle();
      assert.equal(done.length, all.length);
      assert.ok(most <= concurrency);
      for (const key of ['a', 'b', 'c']) {
        const own = done.filter((index) => all[index] === key);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      }
      if (concurrency === 1)
        assert.deepEqual(
          done,
          done.toSorted((a, b) => a - b),
        );
    }),
    { numRuns: 60 },
  );
});

test('there is no room for more than what is waiting already', async () => {
  const work = new KeyedWork(1);
  let finish = (): void => undefined;
  await work.add(null, () => new Promise((resolve) => (finish = resolve)));
  let isAdded = false;
  const adding = work.add(null, async () => undefined).then(() => (isAdded = true));
  await tick();
  assert.equal(isAdded, false);
  finish();
  await adding;
  await work.idle();
});

test('what fails is thrown where the next thing is added, and when it is asked for the end', async () => {
  const work = new KeyedWork(2);
  await work.add(null, () => Promise.reject(new Error('no space')));
  await tick();
  await assert.rejects(
    work.add(null, async () => undefined),
    /no space/,
  );
  await assert.rejects(work.idle(), /no space/);
});
