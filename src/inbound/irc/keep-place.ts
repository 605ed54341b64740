/** Being in our channels under our own nick: joined again after a kick, asked back when somebody else had the nick. */
import type { Client } from 'irc-framework';
import type { Clock } from '../../ports/clock.ts';
import { type Paced, paced } from '../chat/paced.ts';
import type { IrcRun } from './irc-connection.ts';
import type { IrcSettings } from './settings.ts';

type Channel = IrcSettings['channels'][number];

/** How often we try what was refused. */
const AGAIN_MS = 30_000;
const NICKS_MAX = 6;

interface Named {
  readonly nick: string;
  readonly channel: string;
}

/** Begins once the server has let us in; the returned function ends it. */
export function keepPlace(run: IrcRun, client: Client): () => void {
  const tendNick = keepNick(run, client);
  // A server may take many at once for a flood.
  const joins = paced<Channel>(run.parts.clock, ({ name, key }) => client.join(name, key));
  const tendChannels = keepChannels(run, client, joins);
  let cancel = (): void => {};
  client.on('registered', () => {
    cancel();
    cancel = again(run.parts.clock, () => {
      tendNick();
      tendChannels();
    });
  });
  return () => {
    cancel();
    joins.stop();
  };
}

/** Now, and every while. */
function again(clock: Clock, work: () => void): () => void {
  let cancel = (): void => {};
  const next = (): void => {
    cancel = clock.after(AGAIN_MS, next);
    work();
  };
  next();
  return () => cancel();
}

/** Another nick while ours is taken; ours when it is free. */
function keepNick({ settings: { nick }, chat }: IrcRun, client: Client): () => void {
  let isIn = false;
  let tries = 0;
  const taken = ({ reason }: { readonly reason?: string }): void => {
    if (isIn) return; // Asked for it back in vain; we ask again.
    tries += 1;
    if (tries > NICKS_MAX)
      chat.fail(new Error(`The server refuses our nick: ${reason ?? 'no reason given'}`));
    else client.changeNick(otherNick(nick, tries));
  };
  const freed = ({ nick: from }: Named): void => {
    if (isIn && client.caseCompare(from, nick) && !isOurs()) client.changeNick(nick);
  };
  const isOurs = (): boolean => client.caseCompare(client.user.nick, nick);
  client.on('nick in use', taken);
  client.on('nick invalid', taken);
  client.on('quit', freed);
  client.on('nick', freed);
  return () => {
    isIn = true;
    if (!isOurs()) client.changeNick(nick);
  };
}

/** `hub` → `hub_`, `hub__`, `hub3`, … */
export function otherNick(nick: string, tries: number): string {
  return tries < 3 ? nick + '_'.repeat(tries) : `${nick}${tries}`;
}

function keepChannels(
  { settings: { channels }, chat }: IrcRun,
  client: Client,
  joins: Paced<Channel>,
): () => void {
  const joined = new Set<string>();
  const refusals = new Map<string, string>();
  const nameOf = (channel: string | undefined): string | undefined =>
    channel === undefined ? undefined : channels.find(({ name }) => client.caseCompare(name, channel))?.name;
  const isUs = (nick: string): boolean => client.caseCompare(nick, client.user.nick);
  const tell = (): void => {
    const missing = channels.filter(({ name }) => !joined.has(name)).map(({ name }) => name);
    const refused = missing.find((name) => refusals.has(name));
    if (refused !== undefined) chat.troubled(`${refused}: ${refusals.get(refused)}`);
    else if (missing.length === 0) chat.ready();
  };
  const out = (channel: string | undefined, why: string): void => {
    const name = nameOf(channel);
    if (name === undefined) return;
    joined.delete(name);
    refusals.set(name, why);
    tell();
  };
  client.on('join', ({ nick, channel }: Named) => {
    const name = nameOf(channel);
    if (name === undefined || !isUs(nick)) return;
    joined.add(name);
    refusals.delete(name);
    tell();
  });
  client.on('kick', ({ nick, channel, kicked, message }: Named & { kicked: string; message: string }) => {
    if (isUs(kicked)) out(channel, `${nick} kicked us: ${message}`);
  });
  client.on('part', ({ nick, channel }: Named) => {
    if (isUs(nick)) out(channel, 'the server made us leave');
  });
  client.on(
    'irc error',
    ({ channel, reason, error }: Partial<Named> & { reason?: string; error: string }) => {
      const isJoined = joined.has(nameOf(channel) ?? '');
      // A refused message is no refused channel.
      if (!isJoined) out(channel, reason ?? error.replaceAll('_', ' '));
    },
  );
  return () => {
    joins.stop();
    joins.say(channels.filter(({ name }) => !joined.has(name)));
    tell();
  };
}
