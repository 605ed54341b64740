/** What is refused before it ever runs, in words that say what to write instead, and what an expression reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../core/problem.ts';
import { createExpressions } from './create-expressions.ts';

const expressions = createExpressions();

function refused(text: string, detail: RegExp, how: 'compile' | 'template' = 'compile'): void {
  assert.throws(
    () => expressions[how](text),
    (error) => {
      assert.ok(error instanceof Problem, `${text}: ${error}`);
      assert.equal(error.code, 'validation');
      assert.match(error.message, detail, text);
      return true;
    },
  );
}
const reads = (text: string): string[] => [...expressions.compile(text).reads].sort();

test('wrong expressions are refused with the place', () => {
  refused('', /empty/);
  refused('1 +', /line 1, column 4/);
  refused('body.a ==\n  "x', /line 2, column 3: Unterminated string/);
  refused('"a" + 1', /column 1: no such overload: string \+ int; convert one side/);
  refused('size(1)', /size\(int\).*convert/);
  refused('method.upper(1)', /no matching overload/);
  refused('1 ? 2 : 3', /must be bool/);
});

test('unknown names are refused with the one that was probably meant', () => {
  refused('header["x"] == "y"', /column 1: there is no "header"; did you mean headers\?$/);
  refused('Body.x', /did you mean body\?/);
  refused('contentType == "x"', /write event\.contentType/);
  refused('payload.x', /there is no "payload"; use one of event, body, headers, /);
  refused('event.bodi.x', /column 7: an event has no "bodi"; did you mean event\.body\?/);
  refused('event["verify"]', /an event has no "verify"/);
  refused('type == "order.created"', /event\.type/);
  refused('lowr(method)', /there is no function lowr\(\); did you mean lower\?/);
  refused('probe()', /there is no function/);
  refused('body.x.json()', /json/);
  refused('now.constructor', /No such key/);
  refused('"a".constructor', /Cannot index/);
});

test('habits of other languages are refused with what CEL writes', () => {
  for (const [text, remedy] of [
    ['body.a = 1', 'write == to compare'],
    ['body.a === 1', 'write == to compare'],
    ['body.a !== 1', 'write != to compare'],
    ['body.a <> 1', 'write != to compare'],
    ['body.a == 1 and body.b == 2', 'write && for "and"'],
    ['body.a == 1 OR body.b == 2', 'write || for "or"'],
    ['not body.a', 'write ! for "not"'],
    ['body.a & body.b', 'write && for "and"'],
    ['$.a == 1', 'without "$"'],
    ['body.items[*].sku == "a"', 'write x.exists(i, …)'],
    ['body?.a', 'write default('],
    ['{{ body.a == 1 }}', 'leave out {{ and }}'],
    ['body.a == “x”', 'straight quotes'],
    ['body.a == undefined', 'there is no "undefined"; write null.'],
    ['headers.x-github-event == "push"', 'write headers["x-github-event"].'],
    ['body.order.line-id == 1', 'write body.order["line-id"].'],
    ['body.name.toLowerCase() == "a"', 'write lower().'],
    ['len(body.items) > 1', 'write size(x).'],
    ['getDayOfWeek(now) == 0', 'write x.getDayOfWeek(…).'],
    ['contains(body.a, "x")', 'write x.contains(…).'],
    ['body.a.includes("x")', 'write contains()'],
    ['body.a ==', 'it ends where something should follow.'],
    ['(body.a', 'it ends where ")" should follow.'],
    ['body.', 'it ends where a name should follow.'],
  ] as const)
    refused(text, new RegExp(remedy.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
});

test('what CEL has and we do not offer is refused with what to write', () => {
  refused('body.x.matches("a")', /write text\.re\("pattern"\) or re\(text, "pattern"\)/);
  refused('matches(body.x, "a")', /RE2/);
  refused('re(body.x, "(a")', /column 12: the pattern is no RE2/);
  refused('body.x.re("(?=a)")', /no look-around/);
  refused(`re(body.x, "${'a'.repeat(501)}")`, /longer than 500/);
  refused('has(headers["x"])', /"key" in x/);
  refused('body.items.map(event, event.name)', /give the variable another name/);
  refused('cel.bind(body, 1, body)', /give the variable another name/);
});

test('an expression has bounds', () => {
  refused('body.a.all(x, body.a.all(y, body.a.all(z, true)))', /loop in a loop in a loop/);
  refused('body.a.map(x, x.b.filter(y, y.c.exists(z, z)).size())', /loop in a loop in a loop/);
  assert.ok(expressions.compile('body.a.all(x, body.a.all(y, y < x))'));
  assert.ok(
    expressions.compile('body.a.map(x, x.b).filter(x, x).map(x, x).all(x, x)'),
    'one after the other',
  );
  refused(`1${' + 1'.repeat(250)}`, /maxAstNodes \(500\); make it shorter/);
  refused(`${'('.repeat(41)}1${')'.repeat(41)}`, /maxDepth \(40\)/);
  refused(`[${'1,'.repeat(200)}1]`, /maxListElements \(200\)/);
  refused(`"${'a'.repeat(4096)}"`, /at most 4096 characters; this one has 4098/);
});

test('a template has bounds, and says in which part an error is', () => {
  refused('a {{ body.x', /"{{" at character 3 has no "}}"/, 'template');
  refused('a {{ "x }}', /has no "}}"/, 'template');
  refused('a {{ header.x }}', /In the "{{" at character 3: .*did you mean headers/, 'template');
  refused('a {{ }}', /In the "{{" at character 3: The expression is empty/, 'template');
  refused('{{ 1 }}'.repeat(101), /at most 100 expressions/, 'template');
  refused('a'.repeat(65_537), /at most 65536 characters/, 'template');
});

test('what is read is known: a body that nothing reads need not be parsed', () => {
  assert.deepEqual(reads('headers["x-github-event"] + method'), ['headers', 'method']);
  assert.deepEqual(reads('body.a.b == 1 && event.body.c'), ['body']);
  assert.deepEqual(reads('event["headers"].x + event.type'), ['headers', 'type']);
  assert.deepEqual(reads('hmac("sha256", secret("a"), raw, "hex") + string(now)'), []);
  assert.deepEqual(reads('has(event.body.x) || default(query.y, "") == ""'), ['body', 'query']);
  assert.deepEqual(reads('query.a.map(x, x + path)'), ['path', 'query']);
  assert.deepEqual(reads('event.files.size() > 0'), ['body', 'files']);
  assert.ok(reads('json(event)').includes('body') && reads('event[method]').includes('headers'));
});
