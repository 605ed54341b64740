import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { onInterrupt, PRESS_MS } from './until-interrupted.ts';

function pressed() {
  const signals = new EventEmitter();
  const clock = { now: 0 };
  const heard: string[] = [];
  onInterrupt({
    stop: () => heard.push('stop'),
    end: () => heard.push('end'),
    signals,
    now: () => clock.now,
  });
  return { signals, clock, heard };
}

test('a press of Ctrl-C that every launcher passes on is one', () => {
  const { signals, clock, heard } = pressed();
  for (const at of [0, 3, PRESS_MS]) {
    clock.now = at;
    signals.emit('SIGINT');
  }
  assert.deepEqual(heard, ['stop']);
});

test('a second signal that somebody means ends at once', () => {
  const { signals, clock, heard } = pressed();
  signals.emit('SIGTERM');
  clock.now = PRESS_MS + 1;
  signals.emit('SIGINT');
  assert.deepEqual(heard, ['stop', 'end']);
});
