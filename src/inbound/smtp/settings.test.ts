import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { mayWrite, smtpSettings } from './settings.ts';

const refusalOf = (input: unknown): readonly unknown[] => {
  try {
    smtpSettings(input);
  } catch (cause) {
    assert.ok(cause instanceof Problem);
    return cause.errors[0]!.loc;
  }
  throw new Error('It was not refused.');
};

test('a mailbox without settings looks everything up and refuses nobody', () => {
  assert.deepEqual(smtpSettings({}), {
    spf: true,
    dkim: true,
    dmarc: true,
    refuse: 'none',
    allowedSenders: [],
  });
  assert.equal(mayWrite(smtpSettings({}), ''), true);
});

test('settings that cannot be meant are refused by their place', () => {
  assert.deepEqual(refusalOf({ refuse: 'spam' }), ['body', 'input', 'refuse']);
  assert.deepEqual(refusalOf({ refuse: 'spf', spf: false }), ['body', 'input', 'refuse']);
  assert.deepEqual(refusalOf({ allowedSenders: ['a@b', 'two words'] }), [
    'body',
    'input',
    'allowedSenders',
    1,
  ]);
  assert.deepEqual(refusalOf({ sfp: true }), ['body', 'input', 'sfp']);
});

test('a list of senders names addresses and whole domains, in any case', () => {
  const settings = smtpSettings({ allowedSenders: ['Ann@example.com', '@Example.ORG', 'example.net'] });
  const may = ['ann@EXAMPLE.com', 'x@example.org', 'y@example.net'];
  assert.deepEqual(
    may.map((sender) => mayWrite(settings, sender)),
    [true, true, true],
  );
  const mayNot = ['bob@example.com', 'x@sub.example.org', 'x@badexample.net', ''];
  assert.deepEqual(
    mayNot.map((sender) => mayWrite(settings, sender)),
    [false, false, false, false],
  );
});
