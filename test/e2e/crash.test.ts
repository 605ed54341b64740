import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crash } from './crash.ts';

const KILLS = 20;

test(`every message answered with 202 arrives although the server is killed ${KILLS} times at random moments`, {
  timeout: 240_000,
}, async (t) => {
  const report = await crash({ kills: KILLS, publishers: 16, onProgress: () => {} });
  t.diagnostic(
    `${report.accepted} accepted, ${report.arrived} arrived, ${report.lost.length} lost, ${report.duplicates} duplicates in ${report.kills} kills`,
  );
  assert.ok(report.accepted > KILLS * 10, 'the publishers must have been at work between the kills');
  assert.deepEqual(report.lost, []);
});
