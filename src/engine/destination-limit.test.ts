import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig } from '../../test/support/engine-rig.ts';
import { DESTINATIONS_PER_OWNER_MAX } from './destination-limit.ts';

test('an application can have so many endpoints and not one more, whether they come singly or together', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const first = await rig.addDestination(app);
  const added = (count: number, from: number) =>
    Array.from({ length: count }, (_, n) => ({
      kind: 'destination' as const,
      before: null,
      after: { ...first, id: `${String(from + n).padStart(27, '0')}` as typeof first.id, uid: null },
    }));
  assert.equal((await rig.commit(added(DESTINATIONS_PER_OWNER_MAX - 2, 1))).kind, 'done');
  await assert.rejects(rig.commit(added(2, 5_000)), { code: 'limit_reached' });
  await rig.addDestination(app);
  await assert.rejects(rig.addDestination(app), { code: 'limit_reached' });
  const other = await rig.addApplication();
  await rig.addDestination(other);
  await rig.close();
});
