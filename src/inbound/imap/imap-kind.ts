/**
 * Reads a mailbox over IMAP: new messages are told by IDLE; every five minutes the mailbox is looked at in any case,
 * which also finds a connection that is dead without anybody having said so.
 */
import type { InboundHost, InboundKind } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { keepTrying, type Pauses, type Steady, sleepOnce } from '../steady.ts';
import { connectImap, failureOf, type ImapConnection } from './imap-client.ts';
import { readMailbox } from './read-mailbox.ts';
import { IMAP_SECRETS, type ImapSettings, imapSettings } from './settings.ts';

const POLL_MS = 300_000;
const LOGOUT_WITHIN_MS = 2_000;

export interface ImapTimes {
  readonly pollMs: number;
  readonly pauses: Pauses;
}

/** `times`: for tests. */
export function imapKind(
  parts: InboundParts,
  times: ImapTimes = { pollMs: POLL_MS, pauses: {} },
): InboundKind {
  return {
    kind: 'imap',
    check: (input) => void imapSettings(input),
    secretMembers: IMAP_SECRETS,
    run(host) {
      const { clock, dice } = parts;
      const settings = imapSettings(host.input);
      const onFailure = (error: unknown): void =>
        host.health('failing', failureOf(error as Error, settings.host));
      return keepTrying({ clock, dice, pauses: times.pauses, onFailure }, (steady) =>
        liveOnce({ parts, host, settings, steady, pollMs: times.pollMs }),
      );
    },
  };
}

interface Life {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: ImapSettings;
  readonly steady: Steady;
  readonly pollMs: number;
}

/** One connection, from its login to its end. Returns when it was stopped. */
async function liveOnce(life: Life): Promise<void> {
  const { parts, host, settings, steady } = life;
  const { web, clock, log } = parts;
  const connection = await connectImap({ web, clock, settings, signal: steady.signal });
  const { client, within } = connection;
  let news = new AbortController();
  let isClosed = false;
  client.on('exists', () => news.abort());
  client.on('close', () => {
    isClosed = true;
    news.abort();
  });
  try {
    await open(connection, settings);
    while (!steady.isStopped) {
      news = new AbortController();
      await readMailbox({ connection, settings, host, clock, log, steady });
      steady.succeeded();
      host.health('running', null);
      if (news.signal.aborted || steady.isStopped) continue;
      const idling = client.idle().catch(() => false);
      await sleepOnce(clock, life.pollMs, AbortSignal.any([steady.signal, news.signal]));
      if (isClosed && !steady.isStopped) throw new Error(`${settings.host} closed the connection.`);
      if (steady.isStopped) break;
      // Breaks IDLE, and shows that the server is there.
      await within('a sign of life', client.noop());
      await within('the end of IDLE', idling);
    }
  } finally {
    await within('the logout', client.logout(), LOGOUT_WITHIN_MS).catch(() => {});
    client.close();
  }
}

async function open({ client, within }: ImapConnection, settings: ImapSettings): Promise<void> {
  const { mailbox, afterwards, moveTo } = settings;
  if (moveTo !== null) await within('making a mailbox', client.mailboxCreate(moveTo));
  await within('opening the mailbox', client.mailboxOpen(mailbox, { readOnly: afterwards === 'leave' }));
}
