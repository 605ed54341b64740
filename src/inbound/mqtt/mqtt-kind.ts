/** MQTT 3.1.1 and 5: one session at the broker, kept while this node is away, acknowledged after the commit. */
import type { InboundKind } from '../../ports/inbound.ts';
import type { MakeInboundKind } from '../inbound-parts.ts';
import { runSessions } from '../queue/sessions.ts';
import { runMqttSession } from './session.ts';
import { MQTT_SECRETS, mqttSettings } from './settings.ts';

export const mqttKind: MakeInboundKind = (parts): InboundKind => ({
  kind: 'mqtt',
  check: (input) => void mqttSettings(input),
  secretMembers: MQTT_SECRETS,
  run(host) {
    const settings = mqttSettings(host.input);
    return runSessions(parts, host, (session) => runMqttSession({ parts, host, settings, session }));
  },
});
