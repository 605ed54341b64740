/** Listens on XMPP as a bot, alone and in rooms. A receipt (XEP-0184) is sent after the commit, never before. */
import type { InboundKind } from '../../ports/inbound.ts';
import { runChat } from '../chat/run-chat.ts';
import type { MakeInboundKind } from '../inbound-parts.ts';
import { XMPP_SECRETS, xmppSettings } from './settings.ts';
import { connectXmpp } from './xmpp-connection.ts';

export const xmppKind: MakeInboundKind = (parts): InboundKind => ({
  kind: 'xmpp',
  check: (input) => void xmppSettings(input),
  secretMembers: XMPP_SECRETS,
  run(host) {
    const settings = xmppSettings(host.input);
    return runChat(parts, host, (chat) => connectXmpp({ parts, host, settings, chat }));
  },
});
