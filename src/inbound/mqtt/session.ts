/**
 * One connection to a broker. A message of QoS 1 is acknowledged (PUBACK), one of QoS 2 received (PUBREC), after its
 * commit; what was not acknowledged comes again with the next connection, because the session outlives this one.
 */
import type { Socket } from 'node:net';
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import { dial } from '../dial.ts';
import type { Session } from '../queue/sessions.ts';
import { inTurns } from './in-turns.ts';
import { mqttItem } from './mqtt-message.ts';
import { clientIdOf, type MqttRun } from './mqtt-run.ts';
import { subscribe } from './subscribe.ts';

const CONNACK_WITHIN_MS = 15_000;
const END_WITHIN_MS = 2_000;
const KEEP_ALIVE_SECONDS = 30;
/** How long the broker keeps the session of a node that is gone. */
const SESSION_EXPIRY_SECONDS = 7 * 86_400;
/** Taken at once; the broker of MQTT 5 sends no more, of 3.1.1 no more are read. */
export const IN_FLIGHT_MAX = 32;
/** A packet may have 256 MiB; nothing that large is read into memory. */
const PACKET_BYTES_MAX = 16 * 1024 * 1024;

/** Returns when the session is over; rejects with why the broker refused. */
export async function runMqttSession(run: MqttRun): Promise<void> {
  const { parts, settings, session } = run;
  const { default: mqtt } = await import('mqtt');
  const { broker, tlsCa, tlsCert, tlsKey } = settings;
  const tls = broker.isTls
    ? { ...(tlsCa && { ca: tlsCa }), ...(tlsCert && { cert: tlsCert }), ...(tlsKey && { key: tlsKey }) }
    : null;
  const socket = await dial(parts.web, { host: broker.host, port: broker.port, tls }, session.ending);
  const client =
    broker.path === null
      ? new mqtt.MqttClient(() => socket, clientOptions(run))
      : mqtt.connect({ ...clientOptions(run), ...overWebSocket(run, socket) });
  try {
    if (broker.path === null) boundPackets(client, socket, session);
    takeMessages(run, client);
    tellTrouble(client, session);
    client.on('connect', ({ sessionPresent }) => {
      subscribe(run, client, sessionPresent).then(session.flowing, session.fail);
    });
    await session.over;
    await session.settled();
  } finally {
    await ended(client);
    socket.destroy();
  }
}

function clientOptions(run: MqttRun): IClientOptions {
  const { protocol = '5', username, password, clean = false } = run.settings;
  const isFive = protocol === '5';
  return {
    protocolVersion: isFive ? 5 : 4,
    clientId: clientIdOf(run),
    clean,
    keepalive: KEEP_ALIVE_SECONDS,
    connectTimeout: CONNACK_WITHIN_MS,
    // Every connection is dialled anew by us, through the guard.
    reconnectPeriod: 0,
    resubscribe: false,
    ...(username && { username }),
    ...(password && { password }),
    ...(isFive && {
      properties: {
        receiveMaximum: IN_FLIGHT_MAX,
        maximumPacketSize: PACKET_BYTES_MAX,
        sessionExpiryInterval: clean ? 0 : SESSION_EXPIRY_SECONDS,
      },
    }),
  };
}

/** TLS is on the socket already, so it is plain WebSocket to the library. */
function overWebSocket({ settings: { broker } }: MqttRun, socket: Socket): IClientOptions {
  return {
    protocol: 'ws',
    hostname: broker.host.includes(':') ? `[${broker.host}]` : broker.host,
    port: broker.port,
    path: broker.path ?? '/',
    wsOptions: {
      createConnection: () => socket,
      maxPayload: PACKET_BYTES_MAX,
      handshakeTimeout: CONNACK_WITHIN_MS,
    },
  };
}

/** 3.1.1 has no bound of its own: what arrives of one packet is counted. */
function boundPackets(client: MqttClient, socket: Socket, session: Session): void {
  let unread = 0;
  socket.on('data', (chunk: Buffer) => {
    unread += chunk.length;
    if (unread <= PACKET_BYTES_MAX + chunk.length) return;
    session.fail(new Error(`The broker sent a packet of more than ${PACKET_BYTES_MAX} bytes.`));
    socket.destroy();
  });
  client.on('packetreceive', () => {
    unread = 0;
  });
}

function takeMessages(run: MqttRun, client: MqttClient): void {
  const { host, settings, session } = run;
  const turns = inTurns(IN_FLIGHT_MAX);
  /** Stored when it resolves to true; false = the session is over, do not acknowledge. */
  const take = async (packet: IPublishPacket): Promise<boolean> => {
    if (packet.retain && settings.retained === 'ignore') return true;
    const verdict = await session.taker.firmly(mqttItem(host, packet), session.ending);
    return verdict.kind !== 'later';
  };
  const takeInTurn = (packet: IPublishPacket, acknowledge: () => void): Promise<void> =>
    turns.start(
      packet.topic,
      (job) => session.work(job),
      () => take(packet),
      acknowledge,
    );

  client.handleMessage = (packet, next) => {
    if (packet.qos === 2) {
      next(); // Taken before its PUBREC, below; this is its PUBREL.
      return;
    }
    const acknowledge = (): void => {
      if (packet.qos === 1) sendPuback(client, packet.messageId!);
    };
    // An error keeps the library from acknowledging and lets it go on to the next packet: several are taken at once.
    takeInTurn(packet, acknowledge).then(
      () => (packet.qos === 1 ? next(new Error('later')) : next()),
      session.fail,
    );
  };
  // Set here because the constructor allows it for MQTT 5 only; it is asked before the PUBREC.
  client.options.customHandleAcks = (topic, payload, packet, done) => {
    if (packet.qos === 2) takeInTurn({ ...packet, topic, payload }, () => done(0)).catch(session.fail);
    else done(0);
  };
}

/** MQTT 3.1.1 §3.4; in MQTT 5 a PUBACK of this length says success (§3.4.2.1). */
function sendPuback(client: MqttClient, messageId: number): void {
  if (client.stream.writable) client.stream.write(Buffer.of(0x40, 2, messageId >> 8, messageId & 0xff));
}

function tellTrouble(client: MqttClient, session: Session): void {
  client.on('error', session.fail);
  client.on('disconnect', ({ reasonCode, properties }) => {
    const words = properties?.reasonString ?? `reason 0x${(reasonCode ?? 0).toString(16)}`;
    session.fail(new Error(`The broker ended the connection: ${words}`));
  });
  client.on('close', () => session.fail(new Error('The broker closed the connection.')));
}

/** DISCONNECT, and the socket closed; the session stays at the broker. */
function ended(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => client.end(true, () => resolve()), END_WITHIN_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (client.connected) client.end(false, done);
    else client.end(true, done);
  });
}
