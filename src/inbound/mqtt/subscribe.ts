/** Which filters the session at the broker holds is kept in the cursor, so that a session that goes on is left alone. */
import type { IClientSubscribeOptions, ISubscriptionMap, MqttClient } from 'mqtt';
import { clientIdOf, type MqttRun } from './mqtt-run.ts';

/** `{"session": …, "filters": {"home/#": 1}}` */
interface Subscribed {
  readonly session: string;
  readonly filters: Readonly<Record<string, number>>;
}

/**
 * Resolves when the broker has granted every filter. A session that has them already is not asked again: asking makes
 * it send every retained message once more.
 */
export async function subscribe(run: MqttRun, client: MqttClient, isSessionPresent: boolean): Promise<void> {
  const wanted = wantedOf(run);
  const had = isSessionPresent ? subscribedOf(await run.host.readCursor(), wanted.session) : {};
  const gone = Object.keys(had).filter((filter) => !(filter in wanted.filters));
  const isNew = Object.entries(wanted.filters).some(([filter, qos]) => had[filter] !== qos);
  if (gone.length > 0) await client.unsubscribeAsync(gone);
  if (isNew) await askFor(run, client, wanted.filters);
  if (isNew || gone.length > 0) await run.host.writeCursor(wanted);
}

function wantedOf(run: MqttRun): Subscribed {
  const { broker, topics } = run.settings;
  return {
    session: `${clientIdOf(run)} at ${broker.host}:${broker.port}`,
    filters: Object.fromEntries(topics.map(({ filter, qos }) => [filter, qos])),
  };
}

function subscribedOf(cursor: unknown, session: string): Subscribed['filters'] {
  const known = cursor as Partial<Subscribed> | null;
  return known?.session === session ? (known.filters ?? {}) : {};
}

async function askFor(run: MqttRun, client: MqttClient, filters: Subscribed['filters']): Promise<void> {
  const isIgnored = run.settings.retained === 'ignore';
  const options = (qos: number): IClientSubscribeOptions => ({
    qos: qos as 0 | 1 | 2,
    // Retained messages: never, or only for a subscription that is new (MQTT 5.0 §3.8.3.1).
    ...(client.options.protocolVersion === 5 && { rh: isIgnored ? 2 : 1 }),
  });
  const map: ISubscriptionMap = Object.fromEntries(
    Object.entries(filters).map(([filter, qos]) => [filter, options(qos)]),
  );
  const granted = await client.subscribeAsync(map);
  const refused = granted.find(({ qos }) => qos >= 128);
  if (refused) throw new Error(`The broker refuses to subscribe to ${refused.topic}.`);
}
