import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { ircSettings } from './settings.ts';

const SMALLEST = { host: 'irc.example.org', nick: 'hub' };

test('a host and a nick are enough: TLS, no channels', () => {
  const { port, tls, channels } = ircSettings(SMALLEST);
  assert.deepEqual({ port, tls, channels }, { port: 6697, tls: true, channels: [] });
  assert.equal(ircSettings({ ...SMALLEST, tls: false }).port, 6667);
  const keyed = {
    ...SMALLEST,
    channels: [{ name: '#a' }, { name: '#b' }],
    channelKeys: { '#b': 'key', '#gone': 'x' },
  };
  assert.deepEqual(ircSettings(keyed).channels, [
    { name: '#a', key: undefined },
    { name: '#b', key: 'key' },
  ]);
});

test('what would be another command of the protocol is refused, with its place', () => {
  for (const [input, place] of [
    [{ ...SMALLEST, nick: 'hub\r\nQUIT' }, 'nick'],
    [{ ...SMALLEST, nick: '1hub' }, 'nick'],
    [{ ...SMALLEST, realName: 'a\nb' }, 'realName'],
    [{ ...SMALLEST, channels: [{ name: 'ops' }] }, 'channels.0.name'],
    [{ ...SMALLEST, channels: [{ name: '#ops,#dev' }] }, 'channels.0.name'],
    [{ ...SMALLEST, channels: [{ name: '#a' }], channelKeys: { '#a': 'a b' } }, 'channelKeys.#a'],
    [{ ...SMALLEST, password: 'x\0' }, 'password'],
    [{ ...SMALLEST, login: 'sasl' }, 'password'],
    [{ ...SMALLEST, login: 'nickserv', password: 'a b' }, 'password'],
    [{ ...SMALLEST, listen: 'everything' }, 'listen'],
    [{ host: 'irc://x', nick: 'hub' }, 'host'],
  ] as const)
    assert.throws(
      () => ircSettings(input),
      (error) => error instanceof Problem && error.message.startsWith(`input.${place}: `),
      place,
    );
});
