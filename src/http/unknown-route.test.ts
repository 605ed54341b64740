import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from './define-operation.ts';
import { explainUnknownRoute } from './unknown-route.ts';

const operations = [
  { method: 'GET', path: '/api/v1/app/{app_id}' },
  { method: 'DELETE', path: '/api/v1/app/{app_id}' },
  { method: 'GET', path: '/api/v1/health' },
] as unknown as Operation[];

test('a known path with another method names the methods it takes', () => {
  const { problem, allow } = explainUnknownRoute('POST', '/api/v1/app/x/?a=1', operations);
  assert.equal(problem.code, 'method_not_allowed');
  assert.equal(allow, 'DELETE, GET');
});

test('a path that nothing serves is not found', () => {
  for (const path of ['/', '/api/v1/app', '/api/v1/app/x/y', '/api/v1/healthy']) {
    assert.equal(explainUnknownRoute('GET', path, operations).problem.code, 'not_found', path);
  }
});
