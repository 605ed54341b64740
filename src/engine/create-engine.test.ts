import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, headerOf } from '../../test/support/engine-rig.ts';

test('an accepted event is sent, signed and recorded as delivered', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{"a":1}');
  await rig.clock.advance(10);
  assert.deepEqual(rig.bodiesTo(destination), ['{"a":1}']);
  const [call] = rig.callsTo(destination);
  assert.equal(headerOf(call!, 'webhook-id'), `msg_${event.id}`);
  assert.match(headerOf(call!, 'webhook-signature')!, /^v1,/);
  const attempts = await rig.attempts(event, destination);
  assert.deepEqual(
    attempts.map(({ status, statusCode, number }) => ({ status, statusCode, number })),
    [{ status: 'delivered', statusCode: 200, number: 1 }],
  );
  await rig.close();
});
