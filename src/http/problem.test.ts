import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { invalid, PROBLEMS, Problem } from '../core/problem.ts';
import { problemPage } from './docs-page.ts';
import { renderProblem } from './problem.ts';

const context = { url: '/api/v1/app/x', requestId: 'req_1', publicUrl: 'https://hub.example' };
const elsewhere = { ...context, url: '/api/v1/api-key' };

function bodyOf(problem: Problem, where: typeof context): unknown {
  return JSON.parse(renderProblem(problem, where).body);
}

test('a compatible route answers code and detail, and nothing more', () => {
  const answer = renderProblem(new Problem('not_found', 'Look elsewhere.'), context);
  assert.equal(answer.status, 404);
  assert.match(answer.contentType, /^application\/json/);
  assert.deepEqual(JSON.parse(answer.body), { code: 'not_found', detail: 'Look elsewhere.' });
});

test('a wrong field on a compatible route is a list with loc, msg and type; list positions are texts', () => {
  assert.deepEqual(bodyOf(invalid(['body', 'channels', 0], 'Too long.'), context), {
    detail: [{ loc: ['body', 'channels', '[0]'], msg: 'Too long.', type: 'value_error' }],
  });
});

test('a 422 of another code on a compatible route keeps its code', () => {
  const problem = new Problem('invalid_range', 'Turn it around.');
  assert.deepEqual(bodyOf(problem, context), { code: 'invalid_range', detail: 'Turn it around.' });
});

test('other routes answer the members of RFC 9457 and point to the wrong fields', () => {
  const answer = renderProblem(invalid(['body', 'a/b', 0], 'Too long.'), elsewhere);
  assert.match(answer.contentType, /^application\/problem\+json/);
  assert.deepEqual(JSON.parse(answer.body), {
    code: 'validation',
    detail: 'Too long.',
    type: 'https://hub.example/problems/validation',
    title: 'Invalid input',
    status: 422,
    instance: 'req_1',
    errors: [{ pointer: '#/a~1b/0', detail: 'Too long.' }],
  });
});

test('429 and 503 say when to come back, 401 what to send', () => {
  const header = (problem: Problem): unknown => renderProblem(problem, context).headers;
  assert.deepEqual(header(new Problem('unavailable', 'x')), { 'retry-after': '1' });
  assert.deepEqual(header(new Problem('too_many_requests', 'x', { retryAfterSeconds: 2.2 })), {
    'retry-after': '3',
  });
  assert.deepEqual(header(new Problem('authentication_failed', 'x')), { 'www-authenticate': 'Bearer' });
});

test('docs/problems.md and the table of problems say the same, both ways', () => {
  const page = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (\d{3}) \| (.{20,}) \|$/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  const table = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]);
  const byCode = (one: unknown[], other: unknown[]): number => (String(one[0]) < String(other[0]) ? -1 : 1);
  assert.deepEqual(rows.sort(byCode), table.sort(byCode));
});

test('each code has a page, and unknown codes have none', () => {
  for (const code of Object.keys(PROBLEMS))
    assert.match(problemPage(code) ?? '', new RegExp(`<code>${code}</code>`));
  assert.equal(problemPage('constructor'), null);
});
