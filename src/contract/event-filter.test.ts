import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEventFilter } from './event-filter.ts';

test('an empty list asks for nothing in particular, whatever it is a list of', () => {
  const options = { loc: ['body', 'filter'], sourceIds: new Map() };
  assert.deepEqual(
    parseEventFilter({ source: [], type: [], method: [], via: [], where: [] }, options),
    parseEventFilter({}, options),
  );
});
