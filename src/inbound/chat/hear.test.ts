import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hear, type Listen } from './hear.ts';

const heard = (text: string, listen: Listen = 'mentions', isPrivate = false) =>
  hear(text, { listen, prefix: '!', nick: 'Hub' }, isPrivate);
const asked = (command: string | null, ...args: string[]) => ({ command, args });

test('in a room, our name at the beginning asks something', () => {
  for (const text of [
    'hub: Deploy web now',
    'HUB, deploy  web now',
    '@hub deploy web now',
    'hub: !deploy web now',
  ])
    assert.deepEqual(heard(text), asked('deploy', 'web', 'now'), text);
  assert.deepEqual(heard('hub:'), asked(null));
});

test('our name anywhere else is a mention, as a word of its own only', () => {
  assert.deepEqual(heard('ask the hub about it'), asked(null));
  assert.deepEqual(heard('hub is slow today'), asked(null));
  for (const text of ['github: is down', 'hubs', 'the hub-2 is down', 'nothing'])
    assert.equal(heard(text), null, text);
});

test('with `commands` only the prefix counts, with `all` everything is heard', () => {
  assert.deepEqual(heard('!deploy web', 'commands'), asked('deploy', 'web'));
  assert.deepEqual(heard('hub: !deploy', 'commands'), asked('deploy'));
  for (const text of ['hub: deploy', '!', 'deploy !web', ''])
    assert.equal(heard(text, 'commands'), null, text);
  assert.deepEqual(heard('good morning', 'all'), asked(null));
  assert.deepEqual(heard('!deploy', 'all'), asked('deploy'));
  assert.equal(heard('!deploy', 'mentions'), null);
});

test('what is said privately is always for us, with or without the prefix', () => {
  for (const listen of ['mentions', 'all', 'commands'] as const) {
    assert.deepEqual(heard('Status web', listen, true), asked('status', 'web'));
    assert.deepEqual(heard('!status web', listen, true), asked('status', 'web'));
  }
  assert.equal(heard('  ', 'all', true), null);
});
