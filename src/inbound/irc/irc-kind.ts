/** Listens on IRC as a bot. IRC acknowledges nothing and repeats nothing: what cannot be stored is told as lost. */
import type { InboundKind } from '../../ports/inbound.ts';
import { runChat } from '../chat/run-chat.ts';
import type { MakeInboundKind } from '../inbound-parts.ts';
import { connectIrc } from './irc-connection.ts';
import { IRC_SECRETS, ircSettings } from './settings.ts';

export const ircKind: MakeInboundKind = (parts): InboundKind => ({
  kind: 'irc',
  check: (input) => void ircSettings(input),
  secretMembers: IRC_SECRETS,
  run(host) {
    const settings = ircSettings(host.input);
    return runChat(parts, host, (chat) => connectIrc({ parts, host, settings, chat }));
  },
});
