/** What one connection to a broker works with. */
import type { InboundHost } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import type { Session } from '../queue/sessions.ts';
import type { MqttSettings } from './settings.ts';

export interface MqttRun {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: MqttSettings;
  readonly session: Session;
}

/** The name of the session at the broker, the same on every node: whoever takes the source over goes on with it. */
export function clientIdOf({ host, settings }: Pick<MqttRun, 'host' | 'settings'>): string {
  return settings.clientId ?? `posthorn-${host.source.id}`;
}
