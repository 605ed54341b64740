/** Settings of an MQTT source (MQTT 3.1.1 and 5.0, OASIS). */
import Type, { type Static } from 'typebox';
import { settingsCheck, wrong } from '../check-settings.ts';

const TOPICS_MAX = 100;
/** A string of the protocol has at most 65535 bytes; nobody's names are that long. */
const TEXT_CHARS_MAX = 4096;
const PEM_CHARS_MAX = 32_768;

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

const MqttShape = Type.Object(
  {
    /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, host, port and for WebSocket a path. */
    url: text(TEXT_CHARS_MAX),
    protocol: Type.Optional(Type.Union([Type.Literal('5'), Type.Literal('3.1.1')])),
    /** Names the session at the broker; not said: made from the source's id, the same on every node. */
    clientId: Type.Optional(text(256)),
    username: Type.Optional(text(TEXT_CHARS_MAX)),
    password: Type.Optional(text(TEXT_CHARS_MAX)),
    topics: Type.Array(
      Type.Object(
        { filter: text(TEXT_CHARS_MAX), qos: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 })) },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: TOPICS_MAX },
    ),
    /** true: the broker forgets what came while nobody was connected. */
    clean: Type.Optional(Type.Boolean()),
    /** What the broker kept as the last value of a topic and sends when subscribing. */
    retained: Type.Optional(Type.Union([Type.Literal('take'), Type.Literal('ignore')])),
    /** PEM: whom to trust instead of the well-known authorities, and a client's certificate and key. */
    tlsCa: Type.Optional(text(PEM_CHARS_MAX)),
    tlsCert: Type.Optional(text(PEM_CHARS_MAX)),
    tlsKey: Type.Optional(text(PEM_CHARS_MAX)),
  },
  { additionalProperties: false },
);

export interface MqttSettings extends Omit<Static<typeof MqttShape>, 'url' | 'topics'> {
  readonly broker: Broker;
  readonly topics: readonly { readonly filter: string; readonly qos: 0 | 1 | 2 }[];
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Of a WebSocket; null = plain MQTT. */
  readonly path: string | null;
}

export const MQTT_SECRETS: readonly string[] = ['password', 'tlsKey'];

const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 };
const check = settingsCheck(MqttShape);

/** Problem `validation` with `loc` under `['body', 'input']`. */
export function mqttSettings(input: unknown): MqttSettings {
  const { url, topics, ...rest } = check(input);
  topics.forEach(({ filter }, at) => {
    if (!isTopicFilter(filter))
      throw wrong(
        ['topics', at, 'filter'],
        '# stands alone at the end, + alone between slashes, e.g. home/+/temperature.',
      );
  });
  if ((rest.tlsCert === undefined) !== (rest.tlsKey === undefined))
    throw wrong(['tlsKey'], 'A client certificate needs its key: give both, or neither.');
  return {
    ...rest,
    broker: brokerOf(url),
    topics: topics.map(({ filter, qos = 1 }) => ({ filter, qos: qos as 0 | 1 | 2 })),
  };
}

function brokerOf(text: string): Broker {
  const url = URL.canParse(text) ? new URL(text) : null;
  const port = url === null ? undefined : PORTS[url.protocol];
  if (url === null || port === undefined || url.hostname === '')
    throw wrong(
      ['url'],
      'Must be mqtt://, mqtts://, ws:// or wss:// and a host, e.g. mqtts://broker.example.com.',
    );
  if (url.username !== '' || url.password !== '')
    throw wrong(['url'], 'Give user and password as `username` and `password`: a URL is shown to everybody.');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? port : Number(url.port),
    isTls: url.protocol === 'mqtts:' || url.protocol === 'wss:',
    path: url.protocol.startsWith('ws') ? `${url.pathname}${url.search}` : null,
  };
}

/** MQTT 5.0 §4.7.1; `$share/group/filter` is a filter as well (§4.8.2). */
export function isTopicFilter(filter: string): boolean {
  const levels = filter.split('/');
  return (
    filter !== '' &&
    !filter.includes('\0') &&
    levels.every((level, at) =>
      level.includes('#') ? level === '#' && at === levels.length - 1 : !level.includes('+') || level === '+',
    )
  );
}
