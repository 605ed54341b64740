import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAtOnce } from './fixtures/parse-call.ts';

const xml = (body: string | Uint8Array, type = 'application/xml'): unknown => {
  const { format, value, error } = parseAtOnce({ type, body });
  assert.deepEqual([format, error], ['xml', null]);
  return value;
};
const why = (body: string): string => {
  const { format, error } = parseAtOnce({ type: 'application/xml', body });
  assert.equal(format, 'text');
  return error!;
};

test('elements, attributes and text have one plain form, and stay strings', () => {
  assert.deepEqual(
    xml('<?xml version="1.0"?><!-- c --><o id="07"><n>010</n><n/><s:x xmlns:s="u">true</s:x>t</o>'),
    {
      o: { '@id': '07', n: ['010', ''], 's:x': { '@xmlns:s': 'u', '#text': 'true' }, '#text': 't' },
    },
  );
});

test('predefined entities and character references are undone, once, and not in CDATA', () => {
  assert.deepEqual(
    xml('<a b="&lt;&#x41;">&amp;lt; &#252; &apos;&quot;&gt;<c><![CDATA[<p>&amp;</p>]]></c></a>'),
    {
      a: { '@b': '<A', c: '<p>&amp;</p>', '#text': '&lt; ü \'">' },
    },
  );
  assert.deepEqual(xml('<a>&unknown; &#0; &#xD800;</a>'), { a: '&unknown; &#0; &#xD800;' });
});

test('a DOCTYPE is refused, and with it every bomb and every file it could name', () => {
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    '',
  );
  assert.match(why(`<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]><x>&l9;</x>`), /DOCTYPE/);
  assert.match(why('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'), /DOCTYPE|External/i);
  why('<x><!DOCTYPE y [<!ENTITY e "1">]>&e;</x>');
});

test('depth, length and form are bounded and checked', () => {
  const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  assert.equal(parseAtOnce({ type: 'text/xml', body: nested(90) }).format, 'xml');
  why(nested(200));
  assert.match(why(`<a>${'x'.repeat(1024 * 1024)}</a>`), /longer than/);
  why('<a><b></a>');
  why('<a');
  why('just text');
});

test('the declaration names the charset when the type does not', () => {
  const body = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xfc</a>', 'latin1');
  assert.deepEqual(xml(body), { a: 'ü' });
  assert.deepEqual(xml(Buffer.from('\ufeff<a>ü</a>', 'utf16le')), { a: 'ü' });
});

test('elements named like prototypes are refused, and harm nothing', () => {
  assert.match(why('<__proto__><polluted>1</polluted></__proto__>'), /reserved/);
  assert.deepEqual(xml('<a __proto__="1" constructor="2"/>'), {
    a: { '@__proto__': '1', '@constructor': '2' },
  });
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});
