/** A mailbox. The node's one listener serves all of them (`open-smtp-listener.ts`); there is nothing to run for each. */
import type { InboundKind } from '../../ports/inbound.ts';
import { smtpSettings } from './settings.ts';

export function smtpKind(): InboundKind {
  return {
    kind: 'smtp',
    check: (input) => void smtpSettings(input),
    secretMembers: [],
    run(host) {
      host.health('running', null);
      return { stop: async () => {} };
    },
  };
}
