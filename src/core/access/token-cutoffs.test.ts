import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../problem.ts';
import { TOKEN_CUTOFFS_MAX, tokensValidFrom, withTokenCutoff } from './token-cutoffs.ts';

const NONE = { tokensValidFrom: 0 };

test('a cut-off at once counts at once, one with a delay when its time has come', () => {
  assert.equal(tokensValidFrom(withTokenCutoff(NONE, { now: 100, delayMs: 0 }), 100), 101);
  const later = withTokenCutoff(NONE, { now: 100, delayMs: 50 });
  assert.equal(tokensValidFrom(later, 149), 0);
  assert.equal(tokensValidFrom(later, 150), 101);
});

test('a later cut-off with a delay does not bring ended tokens back', () => {
  const ended = withTokenCutoff(NONE, { now: 100, delayMs: 0 });
  const both = withTokenCutoff(ended, { now: 200, delayMs: 1000 });
  assert.equal(tokensValidFrom(both, 201), 101);
  assert.equal(tokensValidFrom(both, 1200), 201);
  const begun = withTokenCutoff(NONE, { now: 100, delayMs: 10 });
  assert.equal(tokensValidFrom(withTokenCutoff(begun, { now: 110, delayMs: 1000 }), 111), 101);
});

test('of two that are to come, the sooner keeps its hour and a later one is part of a sooner newer one', () => {
  const first = withTokenCutoff(NONE, { now: 100, delayMs: 50 });
  const both = withTokenCutoff(first, { now: 120, delayMs: 1000 });
  assert.equal(tokensValidFrom(both, 150), 101);
  assert.equal(tokensValidFrom(both, 1120), 121);
  assert.deepEqual(withTokenCutoff(both, { now: 130, delayMs: 10 }).tokensExpiring, [
    { issuedBefore: 131, from: 140 },
  ]);
});

test('cut-offs that are to come are bounded', () => {
  let application: Parameters<typeof withTokenCutoff>[0] = NONE;
  for (let i = 0; i < TOKEN_CUTOFFS_MAX; i++)
    application = withTokenCutoff(application, { now: 100 + i, delayMs: 1000 });
  assert.throws(
    () => withTokenCutoff(application, { now: 200, delayMs: 1000 }),
    (error) => error instanceof Problem && error.code === 'limit_reached',
  );
  assert.deepEqual(withTokenCutoff(application, { now: 200, delayMs: 0 }).tokensExpiring, []);
});
