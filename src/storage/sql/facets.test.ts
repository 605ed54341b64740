import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facetsOf } from './facets.ts';

test('a document can be looked up by its scalar members, and by no others', () => {
  const document = {
    status: 'running',
    archived: false,
    expiresAt: 1_700_000_000_000,
    groupName: null,
    metadata: { a: 'b' },
    keys: ['x'],
  };
  assert.deepEqual(JSON.parse(facetsOf(document)), {
    status: 'running',
    archived: false,
    expiresAt: 1_700_000_000_000,
    groupName: null,
  });
});

test('texts that are long, or that no JSON of a database holds, are left out', () => {
  const document = { uid: 'ü'.repeat(200), description: 'd'.repeat(201), name: 'a\u0000b', half: 'a\ud800' };
  assert.deepEqual(Object.keys(JSON.parse(facetsOf(document))), ['uid']);
});
