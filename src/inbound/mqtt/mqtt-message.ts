/** A published message as an item. */
import type { IPublishPacket } from 'mqtt';
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';
import { plain, queueItem } from '../queue/message.ts';

/**
 * User properties of MQTT 5 are headers. The packet's id names it only while it is in flight, so nothing but an id of
 * the publisher's own making says that two messages are one: CloudEvents' (MQTT binding §3.1) is read here, another is
 * the source's `dedupe.key`.
 */
export function mqttItem(host: InboundHost, packet: IPublishPacket): InboundItem {
  const { contentType, userProperties, topicAlias: _, ...properties } = packet.properties ?? {};
  const headers = Object.entries(userProperties ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one] as const),
  );
  return queueItem(host, {
    body: Buffer.from(packet.payload),
    contentType: contentType ?? null,
    headers,
    dedupeKey: cloudEventKey(new Map(headers)),
    orderingKey: packet.topic,
    meta: {
      topic: packet.topic,
      qos: packet.qos,
      retain: packet.retain,
      dup: packet.dup,
      properties: plain(properties),
    },
  });
}

function cloudEventKey(headers: ReadonlyMap<string, string>): string | null {
  const source = headers.get('source');
  const id = headers.get('id');
  return headers.has('specversion') && source && id ? `${source} ${id}` : null;
}
