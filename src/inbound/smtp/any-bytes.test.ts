import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import { fc } from '../../../test/support/properties.ts';
import { smtpRig } from '../../../test/support/smtp-rig.ts';

const line = fc.oneof(
  fc.constantFrom('', '.', '..', '...', '.x', '\n.', '\n.\n', '.\r', 'QUIT', '\0'),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
/** Lines between CRLF; a CR or LF of its own stays one. */
const message = fc
  .array(line, { minLength: 1, maxLength: 12 })
  .map((lines) => lines.map((text) => `${text.replaceAll('\r\n', '')}\r\n`).join(''));

test('whatever bytes are sent, in whatever pieces, are the bytes of the event', async (t) => {
  const rig = await smtpRig(['one'], { limits: { commandsMax: 1_000_000 } });
  t.after(() => rig.close());
  const client = await rig.client();
  t.after(() => client.socket.destroy());
  client.socket.setNoDelay(true);
  await client.say();
  await client.say('EHLO x');
  await fc.assert(
    fc.asyncProperty(message, fc.array(fc.nat(200), { maxLength: 6 }), async (text, cuts) => {
      await client.say('MAIL FROM:<>');
      await client.say('RCPT TO:<one@hub.test>');
      assert.match(await client.say('DATA'), /^354/);
      const bytes = Buffer.from(`${`\r\n${text}`.replaceAll('\r\n.', '\r\n..').slice(2)}.\r\n`, 'latin1');
      const ends = [...new Set(cuts)].sort((a, b) => a - b);
      for (const [at, end] of [...ends, bytes.length].entries()) {
        client.send(bytes.subarray(ends[at - 1] ?? 0, end));
        await tick();
        if (end >= bytes.length) break;
      }
      assert.match(await client.say(), /^250/);
      const { stored } = rig.box('one');
      assert.equal(Buffer.from(stored.at(-1)!.body).toString('latin1'), text);
    }),
    { numRuns: 100 },
  );
});
