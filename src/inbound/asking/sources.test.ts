/** Polls, feeds and schedules as sources of a whole server: made through the API, delivered by a flow. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { startPosthorn } from '../../../test/support/posthorn.ts';
import { startReceiver } from '../../../test/support/receiver.ts';
import { makeFlow, makeSource } from '../../../test/support/source.ts';
import { makeFeedKind } from '../feed/feed-kind.ts';
import { makePollKind } from '../poll/poll-kind.ts';
import { makeScheduleKind } from '../schedule/schedule-kind.ts';

test('what is polled, followed and planned is delivered, and its secrets are masked', async () => {
  await using site = await startReceiver();
  await using target = await startReceiver();
  await using posthorn = await startPosthorn({
    inboundKinds: (parts) => {
      const all = { ...parts, userAgent: 'Posthorn-Test', publicUrl: 'http://127.0.0.1' };
      return [makePollKind(all), makeFeedKind(all), makeScheduleKind(all)];
    },
  });
  await makeFlow(posthorn, target.url);
  site.answer(({ url }) =>
    url === '/feed'
      ? { body: '<rss version="2.0"><channel><item><guid>g1</guid><title>One</title></item></channel></rss>' }
      : { headers: { 'content-type': 'application/json' }, body: '[{"id":7,"state":"open"}]' },
  );
  const polled = await makeSource(posthorn, {
    kind: 'poll',
    input: {
      ...{ url: `${site.url}/orders`, items: '', firstRun: 'emit', jitterSeconds: 0, typePrefix: 'order' },
      headers: { 'X-Key': 'k-secret' },
    },
  });
  await makeSource(posthorn, {
    kind: 'feed',
    input: { url: `${site.url}/feed`, firstRun: 1, jitterSeconds: 0 },
  });
  await makeSource(posthorn, { kind: 'schedule', input: { everySeconds: 1, payload: { a: 1 } } });
  const delivered = (): string[] => target.requests.map(({ body }) => body.toString());
  for (let tries = 0; tries < 200 && new Set(delivered().map((body) => body.slice(0, 8))).size < 3; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const all = delivered().join('\n');
  assert.match(all, /"change":"created","id":"7"/);
  assert.match(all, /"id":"g1"/);
  assert.match(all, /"scheduledAt":"[^"]+","firedAt":"[^"]+","missed":0,"payload":\{"a":1\}/);
  assert.equal(site.requests.find(({ url }) => url === '/orders')?.headers['x-key'], 'k-secret');
  const shown = await posthorn.call('GET', `/api/v1/source/${polled.id}`);
  assert.ok(shown.text.includes('/orders') && !shown.text.includes('k-secret'));
  const wrong = await posthorn.call('POST', '/api/v1/source', {
    body: { name: 'x', kind: 'schedule', input: { cron: '61 * * * *' } },
  });
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /#\/input\/cron/);
});
