import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import { parseAtOnce } from './fixtures/parse-call.ts';

const TYPE = 'application/x-www-form-urlencoded';
const form = (body: string | Uint8Array, type = TYPE): unknown => {
  const { format, value, error } = parseAtOnce({ type, body });
  assert.deepEqual([format, error], ['form', null]);
  return value;
};

test('names nest as PHP and Rails nest them', () => {
  assert.deepEqual(form('a[b]=1&a[c][d]=2'), { a: { b: '1', c: { d: '2' } } });
  assert.deepEqual(form('a[]=1&a[]=2'), { a: ['1', '2'] });
  assert.deepEqual(form('a=1&a=2&b[c]=1&b[c]=2'), { a: ['1', '2'], b: { c: ['1', '2'] } });
  assert.deepEqual(form('a[0]=x&a[1][k]=y'), { a: ['x', { k: 'y' }] });
  assert.deepEqual(form('a[1]=x'), { a: { 1: 'x' } });
  assert.deepEqual(form('a[][x]=1&a[][y]=2&a[][x]=3'), { a: [{ x: '1', y: '2' }, { x: '3' }] });
  assert.deepEqual(form('a[][b][]=1'), { a: [{ b: ['1'] }] });
});

test('a name that contradicts another, or whose brackets do not fit, keeps its brackets', () => {
  assert.deepEqual(form('a=1&a[b]=2'), { a: '1', 'a[b]': '2' });
  assert.deepEqual(form('a[b]=1&a[]=2'), { a: { b: '1' }, 'a[]': '2' });
  assert.deepEqual(form('a[b=1&a]=2&[c]=3&a[b]c=4&a[[d]]=5'), {
    'a[b': '1',
    'a]': '2',
    '[c]': '3',
    'a[b]c': '4',
    'a[[d]]': '5',
  });
  const deep = `a${'[b]'.repeat(33)}`;
  assert.deepEqual(form(`${deep}=1`), { [deep]: '1' });
});

test('names of prototypes are names', () => {
  const value = form(
    '__proto__[polluted]=1&constructor[prototype][polluted]=1&a[__proto__][polluted]=1&toString=x&b[hasOwnProperty]=y',
  );
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor', 'a', 'toString', 'b']);
  assert.equal(({} as { polluted?: string }).polluted, undefined);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test('escapes are bytes of the charset that is said somewhere', () => {
  assert.deepEqual(form('a=%C3%BC+%zz%4'), { a: 'ü %zz%4' });
  assert.deepEqual(form(Buffer.from('a=ü')), { a: 'ü' });
  assert.deepEqual(form('a=%FC', `${TYPE}; charset=iso-8859-1`), { a: 'ü' });
  assert.deepEqual(form('charset=windows-1252&name=M%FCller+%80'), {
    charset: 'windows-1252',
    name: 'Müller €',
  });
  assert.deepEqual(form('_charset_=Shift_JIS&a=%82%A0'), { _charset_: 'Shift_JIS', a: 'あ' });
  assert.match(parseAtOnce({ type: TYPE, body: 'a=%FC' }).error!, /not valid UTF-8/);
});

test('fields without a value, without a name and empty pieces are kept or passed over', () => {
  assert.deepEqual(form('a&b=&&=c'), { a: '', b: '', '': 'c' });
});

test('the number of fields is bounded', () => {
  assert.match(parseAtOnce({ type: TYPE, body: 'a=1&'.repeat(10_001) }).error!, /more than 10000 fields/);
});

test('any flat form comes out as URLSearchParams has it', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[[\]]|charset/.test(text));
  const pairs = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme' })), {
    selector: ([key]) => key,
    minLength: 1,
  });
  fc.assert(
    fc.property(pairs, (fields) => {
      const text = new URLSearchParams(fields).toString();
      assert.deepEqual(Object.entries(form(text) as object).sort(), [...fields].sort());
    }),
    { numRuns: 200 },
  );
});
