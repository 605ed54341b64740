import assert from 'node:assert/strict';
import { test } from 'node:test';
import { providerNamed } from '../../../test/support/provider-vectors.ts';
import { credentialPlaces } from './credential-places.ts';

const placesOf = (id: string, config = {}) => credentialPlaces(providerNamed(id), config);

test('what carries a secret is known, in headers, queries and bodies, and where it was configured', () => {
  assert.deepEqual(placesOf('github'), { headers: [], queries: [], members: [] });
  assert.deepEqual(placesOf('gitlab').headers, ['x-gitlab-token']);
  assert.deepEqual(placesOf('postmark').headers, ['authorization']);
  assert.deepEqual(placesOf('okta').headers, ['authorization']);
  assert.deepEqual(placesOf('surveygizmo', { header: 'X-Own' }).headers, ['x-own']);
  assert.deepEqual(placesOf('mailchimp').queries, ['secret']);
  assert.deepEqual(placesOf('facebook').queries, ['hub.verify_token']);
  assert.deepEqual(placesOf('ms-graph').members, ['value.*.clientState']);
  assert.deepEqual(placesOf('asana').headers, ['x-hook-secret']);
});
