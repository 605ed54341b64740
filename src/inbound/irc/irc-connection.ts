/** One connection to an IRC server: log in, be in our channels under our nick, hear, answer. */
import type { Client, Privmsg } from 'irc-framework';
import type { InboundHost } from '../../ports/inbound.ts';
import { paced } from '../chat/paced.ts';
import type { Chat } from '../chat/run-chat.ts';
import { splitText } from '../chat/split-text.ts';
import { dial } from '../dial.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { ircItem } from './irc-message.ts';
import { transportOver } from './irc-transport.ts';
import { keepPlace } from './keep-place.ts';
import type { IrcSettings } from './settings.ts';

export interface IrcRun {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: IrcSettings;
  readonly chat: Chat;
}

const REGISTERED_WITHIN_MS = 30_000;
const PING_SECONDS = 30;
/** Without a sign of life, that long after the last one, the connection is dead. */
const SILENCE_SECONDS = 75;
const QUIT_WITHIN_MS = 1_000;
/** Replays of what was said before we came (bouncers, IRCv3 chathistory). */
const REPLAYS: readonly string[] = ['chathistory', 'znc.in/playback'];

/** Returns when the chat is over; rejects with why the server could not be reached. */
export async function connectIrc(run: IrcRun): Promise<void> {
  const { parts, settings, chat } = run;
  const { host, port, tls, tlsCa } = settings;
  const { Client } = await import('irc-framework');
  const to = { host, port, tls: tls ? { ...(tlsCa && { ca: tlsCa }) } : null };
  const socket = await dial(parts.web, to, chat.stopping);
  const client = new Client();
  const out = paced<readonly [target: string, line: string]>(parts.clock, ([target, line]) =>
    client.say(target, line),
  );
  const cancelWatch = parts.clock.after(REGISTERED_WITHIN_MS, () =>
    chat.fail(new Error(`The server did not let us in within ${REGISTERED_WITHIN_MS / 1000} s.`)),
  );
  client.on('registered', cancelWatch);
  tellTrouble(client, chat);
  logIn(run, client);
  const leavePlace = keepPlace(run, client);
  client.on('privmsg', (said: Privmsg) => takeSaid(run, client, said, out.say));
  client.connect(connectOptions(run, transportOver(socket)));
  try {
    await chat.over;
    if (chat.stopping.aborted) await chat.settled();
  } finally {
    cancelWatch();
    leavePlace();
    out.stop();
    if (!socket.destroyed) {
      client.quit('Posthorn');
      await closed(socket);
    }
  }
}

function connectOptions({ parts, settings }: IrcRun, transport: ReturnType<typeof transportOver>) {
  const { host, port, nick, login = 'server', account = nick, password } = settings;
  return {
    host,
    port,
    nick,
    transport,
    username: settings.username ?? 'posthorn',
    gecos: settings.realName ?? 'Posthorn',
    version: parts.userAgent,
    // Without an account the library would try the server's password for SASL.
    account: login === 'sasl' && password ? { account, password } : {},
    ...(login === 'server' && password && { password }),
    // Its own reconnecting gives up and does not join again.
    auto_reconnect: false,
    ping_interval: PING_SECONDS,
    ping_timeout: SILENCE_SECONDS,
    sasl_disconnect_on_fail: true,
  };
}

/** What PASS does not do. */
function logIn({ settings, chat }: IrcRun, client: Client): void {
  const { login, nick, account = nick, password } = settings;
  let isKnown = false;
  client.on('loggedin', () => {
    isKnown = true;
  });
  client.on('sasl failed', ({ reason, message }: { reason: string; message?: string }) =>
    chat.fail(new Error(`The server refuses the account: ${message ?? reason.replaceAll('_', ' ')}`)),
  );
  client.on('registered', () => {
    if (login === 'nickserv') client.say('NickServ', `IDENTIFY ${account} ${password}`);
    if (login === 'sasl' && !isKnown)
      chat.fail(new Error('The server offers no SASL: set `login` to `nickserv`, or leave it out.'));
  });
}

function takeSaid(
  run: IrcRun,
  client: Client,
  { from_server, nick, ident, hostname, target, message, tags, account, batch }: Privmsg,
  say: (lines: readonly (readonly [string, string])[]) => boolean,
): void {
  const { host, settings, chat } = run;
  const own = client.user.nick;
  if (from_server || client.caseCompare(nick, own) || (batch && REPLAYS.includes(batch.type))) return;
  const channel = client.caseCompare(target, own) ? null : target;
  const network = String(client.network.options.NETWORK ?? settings.host);
  const said = {
    ...{ nick, user: ident, host: hostname, channel, text: message },
    account: account ?? null,
    messageId: tags.msgid ?? null,
  };
  const item = ircItem({ host, settings, nick: own, network }, said);
  if (item === null) return;
  const answerTo = settings.replyTo === 'sender' ? nick : (channel ?? nick);
  chat.hear(item, (taken) => {
    const reply = taken.kind === 'accepted' ? taken.reply : null;
    if (reply !== null) say(splitText(reply).map((line) => [answerTo, line]));
  });
}

/** The server's own words go before ours: it says why, and then only closes. */
function tellTrouble(client: Client, chat: Chat): void {
  let words: string | null = null;
  client.on('raw', ({ line, from_server }: { line: string; from_server: boolean }) => {
    if (from_server) words = lastWords(line) ?? words;
  });
  client.on('ping timeout', () => chat.fail(new Error('The server fell silent.')));
  client.on('close', () =>
    chat.fail(new Error(words === null ? 'The server closed the connection.' : `The server said: ${words}`)),
  );
}

/** ERROR, and the refusals of RFC 2812 §5.2 that end a connection: password, ban, not welcome. */
export function lastWords(line: string): string | null {
  const match = /^(?:@\S+ )?(?::\S+ )?(ERROR|46[345]) (?:[^:]*:)?(.*)$/.exec(line);
  return match === null ? null : match[2]!.trim();
}

async function closed(socket: import('node:net').Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, QUIT_WITHIN_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  socket.destroy();
}
