/** What expressions mean. The first table is the part of CEL's conformance that we rely on: another engine must pass it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expressionScope } from '../../test/support/expression-scope.ts';
import { createExpressions } from './create-expressions.ts';

const expressions = createExpressions();
const BODY = JSON.parse(`{
  "action": "opened", "amount": 1500.5, "n": 1, "zero": 0, "currency": "EUR", "ok": true, "nil": null, "empty": "",
  "items": [{ "sku": "a", "price": 5 }, { "sku": "b", "price": 600 }], "tags": ["x", "y"], "user": { "name": "Ann \\"A\\"" },
  "list": [3, 1, 2], "dotted.key": "d", "héé": "ü😀"
}`);

const evaluate = (text: string, scope = expressionScope(BODY)) => expressions.compile(text).evaluate(scope);
const fails = (text: string, detail: RegExp, scope = expressionScope(BODY)): void => {
  const result = evaluate(text, scope);
  assert.ok(!result.ok, `${text} gave ${JSON.stringify(result)}`);
  assert.match(result.detail, detail, text);
};
const gives = (table: readonly (readonly [string, unknown])[]): void => {
  for (const [text, value] of table) assert.deepEqual(evaluate(text), { ok: true, value }, text);
};

test('CEL means what its specification says', () => {
  gives([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['-7 % 3', -1],
    ['7.0 / 2.0', 3.5],
    ['0x1F', 31],
    ['1e3', 1000],
    ['"a" + \'b\'', 'ab'],
    ['r"\\n" == "\\\\n"', true],
    ['"\\u00e9\\U0001F600"', 'é😀'],
    ['"""two\nlines"""', 'two\nlines'],
    ['size("😀é")', 2],
    ['size([1, 2]) + size({"a": 1})', 3],
    ['size(b"abc")', 3],
    ['"b" > "a" && "a" < "b" && 2 >= 2 && 1 != 2', true],
    ['true ? "yes" : "no"', 'yes'],
    ['false || true && !false', true],
    ['1 / 0 == 1 || true', true],
    ['true || 1 / 0 == 1', true],
    ['1 / 0 == 1 && false', false],
    ['2 in [1, 2]', true],
    ['"a" in {"a": 1}', true],
    ['[1, 2] + [3]', [1, 2, 3]],
    ['[1, [2]] == [1, [2]]', true],
    ['{"a": 1, "b": [2]} == {"b": [2], "a": 1}', true],
    ['[1, 2, 3][1]', 2],
    ['{"a": 1}.a', 1],
    ['{"a": 1}["a"]', 1],
    ['null == null', true],
    ['[1, 2].all(x, x > 0)', true],
    ['dyn([]).all(x, x > 0)', true],
    ['[1, 2].exists(x, x == 2)', true],
    ['dyn([]).exists(x, x == 2)', false],
    ['[1, 2, 2].exists_one(x, x == 2)', false],
    ['[1, 2].map(x, x * 2)', [2, 4]],
    ['[1, 2, 3].map(x, x > 1, x * 10)', [20, 30]],
    ['[1, 2, 3].filter(x, x > 1)', [2, 3]],
    ['[0, 1].exists(x, 1 / x == 1)', true],
    ['[0, 2].all(x, 4 / x == 3)', false],
    ['{"a": 1, "b": 2}.exists(k, k == "b")', true],
    ['"hello".contains("ell") && "hello".startsWith("he") && "hello".endsWith("lo")', true],
    ['string(1) + string(1.5) + string(true) + string("x")', '11.5truex'],
    ['int("42") + int(1.9) + int(-1.9)', 42],
    ['double("1.5") + double(1)', 2.5],
    ['uint(3)', 3],
    ['bool("true")', true],
    ['type(1) == int && type("") == string && type(1.0) == double && type(null) == null_type', true],
    ['timestamp("2024-02-29T10:20:30Z").getFullYear()', 2024],
    ['timestamp("2024-02-29T10:20:30Z").getMonth()', 1],
    ['timestamp("2024-02-29T10:20:30Z").getDayOfMonth()', 28],
    ['timestamp("2024-02-29T10:20:30Z").getDayOfWeek()', 4],
    ['timestamp("2024-02-29T10:20:30Z").getHours()', 10],
    ['timestamp("2024-02-29T10:20:30Z") + duration("1h30m")', '2024-02-29T11:50:30.000Z'],
    ['timestamp("2024-02-29T10:20:30Z") - timestamp("2024-02-29T10:20:00Z") == duration("30s")', true],
    ['timestamp("2024-01-02T00:00:00Z") > timestamp("2024-01-01T00:00:00Z")', true],
    ['int(timestamp("2024-01-01T00:00:00Z"))', 1_704_067_200],
    ['duration("1.5h")', '5400s'],
    ['9007199254740993', '9007199254740993'],
    ['b"abc"', 'YWJj'],
    ['cel.bind(x, 2, x * x)', 4],
  ]);
  fails('1 / 0', /division by zero/);
  fails('9223372036854775807 + 1', /overflow/);
  fails('[1][1]', /index out of bounds/);
  fails('{"a": 1}.b', /no such key: b/);
  fails('[1, 1].exists_one(x, 1 / (x - 1) == 1)', /division by zero/);
});

test('numbers of a document go with integer and decimal literals alike', () => {
  gives([
    ['body.n == 1 && body.n == 1.0 && 1 == body.n && body.n != 2', true],
    ['body.amount > 1000 && body.amount > 1000.0 && 1000 < body.amount', true],
    ['body.n + 1', 2],
    ['2 * body.n - 0.5', 1.5],
    ['body.amount / 2', 750.25],
    ['body.items[1].price % 7', 5],
    ['body.n in [1, 2]', true],
    ['body.list == [3, 1, 2]', true],
    ['body.items.map(i, i.price * 2)', [10, 1200]],
    ['body.list[body.n]', 1],
    ['string(body.n)', '1'],
    ['-body.n', -1],
  ]);
});

test('roots are the event, its members, the bytes as text and the instant', () => {
  gives([
    ['event.body.action == body.action && event["body"].n == body.n', true],
    ['headers["x-github-event"] + "." + body.action', 'push.opened'],
    ['headers["X-GitHub-Event"] == event.headers["X-Github-Event"]', true],
    ['"X-GitHub-Event" in headers && !("x-other" in event.headers)', true],
    ['method + " " + path + " " + query.page + query.tag[1]', 'POST /orders 2b'],
    ['event.type', 'order.created'],
    ['raw.startsWith("{")', true],
    ['now', '2025-01-15T12:30:45.000Z'],
    ['now - timestamp(event.receivedAt) < duration("1m")', true],
    ['meta == null', true],
    ['body["dotted.key"]', 'd'],
    ['body["héé"]', 'ü😀'],
    ['event.verified && !event.test', true],
  ]);
});

test('what is missing is a failure that default() stands in for; null is a value', () => {
  fails('body.amout', /^no such key: amout$/);
  fails('body.user.nick', /^no such key: nick$/);
  fails('body.nil.x', /^no such key: x$/);
  fails('headers["x-none"]', /^no such key: x-none$/);
  fails('body.items[7].sku', /index out of bounds/);
  fails('body.action + body.n', /no such overload: .*string.* \+ .*double/);
  fails('!body.n', /no such overload/);
  fails('default(1 / 0, 1)', /division by zero/);
  gives([
    ['has(body.action) && !has(body.amout) && has(body.nil) && !has(body.user.nick)', true],
    ['default(body.amout, "none")', 'none'],
    ['default(body.a.b.c, body.action)', 'opened'],
    ['default(body.action, "none")', 'opened'],
    ['default(headers["x-none"], "none")', 'none'],
    ['default(body.items[7].sku, "none")', 'none'],
    ['default(reFind(body.action, "z"), "none")', 'none'],
    ['default(body.nil, "none")', null],
    ['body.nil == null && body.zero == 0 && body.empty == ""', true],
  ]);
  assert.deepEqual(evaluate('has(body.x)', expressionScope(null)), { ok: true, value: false });
});

test('functions on texts', () => {
  gives([
    ['lower("ÄB") + "ÄB".lower() + upper("ß") + "a".upper() + trim(" x ") + " y ".trim()', 'äbäbSSAxy'],
    ['"a-b-c".replace("-", "+") + replace("aa", "a", "$&")', 'a+b+c$&$&'],
    ['"a,b".split(",") + split("c", ",")', ['a', 'b', 'c']],
    ['["a", "b"].join("-") + join(body.tags, "")', 'a-bxy'],
    ['"hello".substring(1, 3) + substring("hello", 3)', 'ello'],
    ['"hello".indexOf("l") + "hello".lastIndexOf("l")', 5],
    ['base64Encode("hé?>") + "|" + base64Decode("aMOpPz4=") + base64Decode("aMOpPz4")', 'aMOpPz4=|hé?>hé?>'],
    ['urlEncode("a b&ü") + "|" + urlDecode("a%20b+%C3%BC")', 'a%20b%26%C3%BC|a b ü'],
    ['re(body.action, "^o.*d$") && body.action.re("(?i)OPEN") && !body.action.re("^pen")', true],
    ['reFind("v1.2.3", "[0-9.]+") + reFind("id=7;", "id=(\\\\d+)")', '1.2.37'],
    [
      'reReplace("a1b22", "[0-9]+", "#") + "x-y".reReplace("(\\\\w)-(?P<b>\\\\w)", "$2$<b>$1$$$&$7")',
      'a#b#yyx$x-y$7',
    ],
    [
      'formatTime(now) + formatTime(now, "Europe/Berlin")',
      '2025-01-15T12:30:45.000Z2025-01-15T13:30:45+01:00',
    ],
    ['formatTime(now, "UTC") + string(now)', '2025-01-15T12:30:45Z2025-01-15T12:30:45.000Z'],
    ['json(body.items[0]) + json("a\\"") + json(1) + json(null)', '{"sku":"a","price":5}"a\\""1null'],
    ['parseJson("{\\"a\\": [1, {\\"b\\": null}]}").a[0]', 1],
    ['json({"at": now, "n": 5, "d": 0.5})', '{"at":"2025-01-15T12:30:45.000Z","n":5,"d":0.5}'],
  ]);
  fails('base64Decode("%%")', /no base64/);
  fails('urlDecode("%zz")', /no code follows/);
  fails('parseJson("{")', /no JSON/);
  fails('parseJson("[[" + raw)', /no JSON/);
  fails('join([1], "")', /list of texts/);
  fails('formatTime(now, "Mars/Olympus")', /time zone/);
  fails('re(body.action, body.action + "(")', /no RE2/);
});

test('digests are those of other tools', () => {
  // echo -n abc | openssl dgst …; RFC 2202, RFC 4231 test case 2 for hmac
  gives([
    ['hash("md5", "abc", "hex")', '900150983cd24fb0d6963f7d28e17f72'],
    ['hash("sha1", "abc", "base64")', 'qZk+NkcGgWq6PiVxeFDCbJzQ2J0='],
    ['hash("sha256", "abc", "base64url")', 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'],
    [
      'hmac("sha1", "Jefe", "what do ya want for nothing?", "hex")',
      'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
    ],
    [
      'hmac("sha256", "Jefe", "what do ya want for nothing?", "hex")',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['hmac("sha256", secret("hook"), raw, "hex") == hmac("sha256", "hush-hush", raw, "hex")', true],
  ]);
  fails('hmac("md5", "k", "t", "hex")', /algorithm is one of sha1, /);
  fails('hash("sha256", "t", "latin1")', /encoding is one of hex, /);
});

test('no failure tells a secret', () => {
  fails('secret("other")', /knows no such name/);
  fails('secret("__proto__")', /knows no such name/);
  for (const text of [
    'bool(secret("hook"))',
    'duration("1s" + secret("hook"))',
    'body[upper(secret("hook"))]',
    'timestamp(secret("hook"))',
    'int(secret("hook"))',
    'formatTime(now, secret("hook"))',
    're("x", secret("hook") + "(")',
    'now.getHours(secret("hook"))',
    'parseJson(secret("hook"))',
  ]) {
    const result = evaluate(text);
    assert.ok(!result.ok && !/hush/i.test(result.detail), `${text}: ${JSON.stringify(result)}`);
  }
});

test('only own keys of the JSON are read, whatever they are called', () => {
  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length'])
    for (const root of [
      'body',
      'body.user',
      'body.items',
      'body.action',
      'body.n',
      'headers',
      'event.query',
      'meta',
    ])
      fails(`${root}["${name}"]`, /no such key|no such overload/);
  fails('dyn(now).constructor', /no such key/);
  fails('[now][0].__proto__', /no such key/);
  fails('dyn(duration("1s")).seconds', /no such key/);
  fails('dyn(b"a").buffer', /no such key/);
  const named = JSON.parse(
    '{"__proto__": {"a": 1}, "constructor": {"name": "Map"}, "inner": [{"constructor": "x", "y": 2}], "z": 3}',
  );
  const over = (text: string) => evaluate(text, expressionScope(named));
  const gave = (text: string) => {
    const result = over(text);
    return result.ok ? result.value : result.detail;
  };
  assert.equal(gave('body.__proto__.a'), 1);
  assert.equal(gave('body.constructor.name'), 'Map');
  assert.equal(gave('body.inner[0].constructor + string(body.inner[0].y) + string(body.z)'), 'x23');
  assert.equal(gave('size(body) == 4 && "constructor" in body && has(body.constructor)'), true);
  assert.equal(gave('body.inner.exists(i, i.constructor == "x") && body == body'), true);
  assert.equal(gave('json(body)'), JSON.stringify(named));
  assert.equal(gave('parseJson(raw).constructor.name'), 'Map');
  assert.deepEqual(gave('body'), named);
  const headers = { constructor: 'h', host: 'x' };
  assert.deepEqual(
    evaluate('headers.constructor + headers.host', expressionScope(null, { event: { headers } })),
    {
      ok: true,
      value: 'hx',
    },
  );
});

test('only what is read is asked for', () => {
  const lazy = Object.defineProperty({ ...expressionScope(null).event }, 'body', {
    get: () => assert.fail('the body was asked for'),
  });
  const scope = Object.defineProperty({ ...expressionScope(null), event: lazy }, 'raw', {
    get: () => assert.fail('the bytes were asked for'),
  });
  assert.deepEqual(evaluate('headers["x-github-event"]', scope), { ok: true, value: 'push' });
  assert.deepEqual(expressions.template('{{ method }} {{ path }}').evaluate(scope), {
    ok: true,
    value: 'POST /orders',
  });
});

test('a template writes values as text, objects and lists as JSON, null as nothing', () => {
  const table: readonly [string, string][] = [
    ['', ''],
    ['plain } text }} { x', 'plain } text }} { x'],
    ['Order {{ body.n }} of {{body.amount}} {{ body.currency }}', 'Order 1 of 1500.5 EUR'],
    [
      '{{ body.items }}|{{ body.user }}',
      '[{"sku":"a","price":5},{"sku":"b","price":600}]|{"name":"Ann \\"A\\""}',
    ],
    [
      '[{{ body.nil }}][{{ body.ok }}][{{ now }}][{{ duration("90s") }}]',
      '[][true][2025-01-15T12:30:45.000Z][90s]',
    ],
    ['{"name": {{ json(body.user.name) }}}', '{"name": "Ann \\"A\\""}'],
    ['{{{{ body.n }} and {{ "{{" }} and {{ \'}}\' }}', '{{ body.n }} and {{ and }}'],
    ['{{ {"a": {"b": 1}} }}{{ """}}""" }}{{ 1 // no }}\n}}', '{"a":{"b":1}}}}1'],
    ['{{ 3.0 }} {{ 1.0 / 3.0 }} {{ 12345678901234567 }}', '3 0.3333333333333333 12345678901234567'],
  ];
  for (const [text, value] of table)
    assert.deepEqual(expressions.template(text).evaluate(expressionScope(BODY)), { ok: true, value }, text);
  assert.deepEqual(expressions.template('a {{ body.amout }}').evaluate(expressionScope(BODY)), {
    ok: false,
    detail: 'no such key: amout',
  });
  assert.deepEqual([...expressions.template('{{ body.n }}{{ headers.host }}').reads].sort(), [
    'body',
    'headers',
  ]);
});
