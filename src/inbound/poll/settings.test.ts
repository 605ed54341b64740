import assert from 'node:assert/strict';
import test from 'node:test';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { pollSettings } from './settings.ts';

const url = 'https://api.example/orders';

test('a URL is enough', () => {
  const { everyMs, jitterMs, method, items, firstRun } = pollSettings({ url });
  assert.deepEqual([everyMs, jitterMs, method, items, firstRun], [300_000, 30_000, 'GET', null, 'silent']);
});

test('what cannot work is refused, at the member that is wrong', () => {
  const refused = wrongMember(pollSettings);
  const cursor = { param: 'since', from: 'next' };
  const cases: readonly [unknown, string][] = [
    [{}, 'url'],
    [{ url: 'ftp://a' }, 'url'],
    [{ url: 'https://me:secret@api.example' }, 'url'],
    [{ url, everySeconds: 1 }, 'everySeconds'],
    [{ url, color: 'red' }, 'color'],
    [{ url, cursor }, 'cursor'],
    [{ url, pages: 'link' }, 'pages'],
    [{ url, items: '', cursor, emitDeleted: true }, 'emitDeleted'],
    [{ url, body: '{}' }, 'body'],
    [{ url, auth: { type: 'basic', username: 'a' } }, 'auth.password'],
    [{ url, auth: { type: 'oauth2', tokenUrl: 'x', clientId: 'a', clientSecret: 'b' } }, 'auth.tokenUrl'],
    [{ url, headers: { Host: 'b.example' } }, 'headers.Host'],
    [{ url, headers: { 'X-A': 'a\r\nb' } }, 'headers.X-A'],
  ];
  for (const [input, member] of cases) assert.equal(refused(input), member, JSON.stringify(input));
});
