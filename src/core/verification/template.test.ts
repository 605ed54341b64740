import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { CallView } from './call-view.ts';
import { crc32 } from './crc32.ts';
import { compileSelector, placeOf } from './selector.ts';
import { compileText } from './template.ts';
import { xmlTexts } from './xml-text.ts';

interface Parts {
  readonly url?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

function viewOf({ url = 'https://h.example/in/x?a=1&b=2', headers = [], body = '' }: Parts): CallView {
  return new CallView({ method: 'post', url, headers, body: Buffer.from(body) });
}

function take(selector: string, parts: Parts, config: Record<string, string> = {}): readonly string[] {
  return compileSelector(selector, { config })(viewOf(parts));
}

function render(template: string, parts: Parts, config: Record<string, string> = {}): string | undefined {
  return compileText(template, { config })(viewOf(parts));
}

test('a selector takes headers by any case, gathers numbered ones, and reads lists', () => {
  const headers = [
    ['X-Sig', 't=1, v1=ab,v1=cd'],
    ['x-n-1', 'p'],
    ['X-N-2', 'q'],
  ] as const;
  assert.deepEqual(take('header:x-SIG[v1]', { headers }), ['ab', 'cd']);
  assert.deepEqual(take('header:X-Sig[@which]', { headers }, { which: 't' }), ['1']);
  assert.deepEqual(take('header:X-N-*', { headers }), ['p', 'q']);
  assert.deepEqual(take('header:@name', { headers }, { name: 'X-N-1' }), ['p']);
  assert.deepEqual(take('header:X-Other', { headers }), []);
});

test('a selector takes own members of JSON only, as the texts of scalars', () => {
  const body = '{"a":{"b":[{"c":7}]},"ok":true,"none":null,"o":{"x":1}}';
  assert.deepEqual(take('json:a.b.0.c', { body }), ['7']);
  assert.deepEqual(take('json:ok', { body }), ['true']);
  for (const path of ['none', 'o', 'missing', 'constructor.name', '__proto__', 'a.b.length.x'])
    assert.deepEqual(take(`json:${path}`, { body }), [], path);
  assert.deepEqual(take('document:o', { body }), ['{"x":1}']);
  assert.deepEqual(take('key:1', { body }), ['ok']);
  assert.deepEqual(take('json:a', { body: '{' }), []);
});

test('a selector reads query, form and multipart fields', () => {
  const form = {
    headers: [['Content-Type', 'application/x-www-form-urlencoded']] as const,
    body: 'a=x+y&a=z&b=%3D',
  };
  assert.deepEqual(take('form:a', form), ['x y', 'z']);
  assert.deepEqual(take('query:b', {}), ['2']);
  assert.deepEqual(take('formSorted', form), ['ax yazb=']);
  const body =
    '--B\r\nContent-Disposition: form-data; name="t"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nfile\r\n--B--';
  const multipart = { headers: [['content-type', 'multipart/form-data; boundary=B']] as const, body };
  assert.deepEqual(take('form:t', multipart), ['1']);
  assert.deepEqual(take('form:f', multipart), []);
  assert.deepEqual(take('form:a', { ...form, headers: [['Content-Type', 'application/json']] }), []);
});

test('pipes make texts of texts, and drop what they cannot make anything of', () => {
  const at = (value: string, pipes: string) => take(`header:v|${pipes}`, { headers: [['v', value]] });
  assert.deepEqual(at('A,b,c', 'split:,:rest'), ['b', 'c']);
  assert.deepEqual(at('A,b', 'lower|split:,:0'), ['a']);
  assert.deepEqual(at('sig=:abc:', 'between:=%3A:%3A'), ['abc']);
  assert.deepEqual(at('abc', 'between:x:y'), []);
  assert.deepEqual(at('e30', 'unbase64|get:a'), []);
  assert.deepEqual(at('{"a":{"b":1}}', 'get:a.b'), ['1']);
  assert.deepEqual(at('../x', 'word'), []);
  assert.deepEqual(at('%2F%41', 'unescape:/'), ['/%41']);
  assert.deepEqual(at('%E0%A4%A', 'urldecode'), []);
  assert.deepEqual(at('https://a.example/x', 'toggle-port'), ['https://a.example:443/x']);
  assert.deepEqual(at('http://a.example:8080/x?y', 'toggle-port'), ['http://a.example/x?y']);
});

test('a mistake in the table is found when it is compiled', () => {
  for (const selector of ['nothing:x', 'header:x|turn', '{x}', ''])
    assert.throws(() => compileSelector(selector, { config: {} }), RangeError, selector);
});

test('a template renders text and selectors, leaves out what may be absent, and is absent when something else is', () => {
  const headers = [['id', 'm1']] as const;
  assert.equal(render('{header:id}.{body}', { headers, body: 'ü' }), 'm1.ü');
  assert.equal(render('a[[b{header:x}c]]d[[{header:id}]]', { headers }), 'adm1');
  assert.equal(render('{header:x}', { headers }), undefined);
  assert.equal(render('{"Body":{body|json},"x":{}}', { body: '"' }), '{"Body":"\\"","x":{}}');
  assert.equal(render('{config:key}{method}{path}', {}, { key: 'k' }), 'kPOST/in/x?a=1&b=2');
});

test('a header that comes twice with other values is joined, so that nobody can slip in a second one', () => {
  const headers = [
    ['ts', '1'],
    ['ts', '2'],
  ] as const;
  assert.equal(render('{header:ts}', { headers }), '1, 2');
  assert.equal(
    render('{header:ts}', {
      headers: [
        ['ts', '1'],
        ['TS', '1'],
      ],
    }),
    '1',
  );
});

test('CRC-32 and digests are over bytes', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  const view = new CallView({ method: 'POST', url: '/', headers: [], body: Buffer.from([0xff, 0xfe]) });
  const wanted = createHash('sha256').update(view.call.body).digest('hex');
  assert.deepEqual(compileSelector('body|sha256hex', { config: {} })(view), [wanted]);
});

test('XML gives the first text or attribute at a path of local names', () => {
  const xml =
    '<?xml version="1.0"?><!-- <x>no</x> --><n:root serial="7"><a t=\'q&amp;r\'>x<b>no</b>&lt;y&#33;<![CDATA[<z>]]></a><c/><d><a>second</a></d></n:root>';
  assert.deepEqual(xmlTexts(xml, 'a'), ['x<y!<z>']);
  assert.deepEqual(xmlTexts(xml, 'd.a'), ['second']);
  assert.deepEqual(xmlTexts(xml, 'a@t'), ['q&r']);
  assert.deepEqual(xmlTexts(xml, '@serial'), ['7']);
  assert.deepEqual(xmlTexts(xml, '*'), ['root']);
  assert.deepEqual(xmlTexts(xml, 'c'), ['']);
  assert.deepEqual(xmlTexts(xml, 'x'), []);
  assert.deepEqual(xmlTexts('<!DOCTYPE a [<!ENTITY e "v">]><a>&e;</a>', 'a'), ['&e;']);
});

test('XML that is made to be slow is read in one pass', () => {
  for (const hostile of [
    '<a'.repeat(500_000),
    '<!--'.repeat(250_000),
    `<a ${'b'.repeat(1_000_000)}>`,
    '<a>'.repeat(300_000),
  ]) {
    const before = process.cpuUsage().user;
    xmlTexts(hostile, 'x.y');
    xmlTexts(hostile, 'a@z');
    assert.ok(process.cpuUsage().user - before < 15_000_000);
  }
});

test('places are named as people name them', () => {
  assert.equal(placeOf('header:X-Sig[v1]'), 'header X-Sig, v1');
  assert.equal(placeOf('form:a|lower'), 'form field a');
  assert.equal(placeOf('body'), 'the body');
});
