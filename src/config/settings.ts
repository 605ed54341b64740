/**
 * The table of settings: each is one line here, and from it come the environment variable, the key in the YAML file,
 * the check, the default and docs/settings.md. Secrets can also be read from a file: `<NAME>_FILE`.
 */
import * as parse from './parse.ts';

const DAY_MS = 86_400_000;

export interface Setting<T> {
  readonly env: string;
  readonly parse: parse.Parse<T>;
  /** As a person would write it; null = not set. */
  readonly fallback: T;
  readonly help: string;
  readonly isSecret?: boolean;
}

const setting = <T>(env: string, parser: parse.Parse<T>, fallback: T, help: string): Setting<T> => ({
  env: `POSTHORN_${env}`,
  parse: parser,
  fallback,
  help,
});
const secret = <T>(env: string, parser: parse.Parse<T>, help: string): Setting<T | null> => ({
  ...setting<T | null>(env, parser, null, help),
  isSecret: true,
});

/** The key is the name in the YAML file. */
export const SETTINGS = {
  listen: setting('LISTEN', parse.listen, { host: '127.0.0.1', port: 8071 }, 'Address and port to serve on.'),
  dataDir: setting(
    'DATA_DIR',
    parse.text,
    './posthorn-data',
    'Folder of the embedded store and of generated secrets.',
  ),
  databaseUrl: secret(
    'DATABASE_URL',
    parse.postgresUrl,
    'postgres://… for cluster mode: all nodes share this database; not set: the embedded store.',
  ),
  databasePool: setting(
    'DATABASE_POOL',
    parse.whole(2, 100),
    8,
    'Connections of one node to the database, beside the two for its hot writes and wake-ups.',
  ),
  nodeName: setting<string | null>(
    'NODE_NAME',
    parse.text,
    null,
    'What this node is called in lists and logs of a cluster; not set: the host name.',
  ),
  publicUrl: setting<string | null>(
    'PUBLIC_URL',
    parse.httpUrl,
    null,
    'How the outside reaches this server; used in links.',
  ),
  smtpListen: setting<{ readonly host: string; readonly port: number } | null>(
    'SMTP_LISTEN',
    parse.listen,
    null,
    'Address and port to take mail at, e.g. 0.0.0.0:25; not set: no mail is taken (docs/mail.md).',
  ),
  smtpTlsCert: secret(
    'SMTP_TLS_CERT',
    parse.text,
    'Certificate chain (PEM) of the mail port; with it and its key STARTTLS is offered.',
  ),
  smtpTlsKey: secret('SMTP_TLS_KEY', parse.text, 'Private key (PEM) of that certificate.'),
  mainSecret: secret(
    'MAIN_SECRET',
    parse.secrets,
    'Encrypts secrets at rest; of several the first encrypts, all decrypt.',
  ),
  jwtSecret: secret(
    'JWT_SECRET',
    parse.secrets,
    'Signs and checks access tokens; of several the first signs, all are accepted.',
  ),
  metricsToken: secret(
    'METRICS_TOKEN',
    parse.text,
    'Bearer token that /metrics asks for; not set: served openly.',
  ),
  retrySchedule: setting(
    'RETRY_SCHEDULE',
    parse.durations(20, 7 * DAY_MS),
    [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000],
    'Delays before each retry; [] = no retries.',
  ),
  allowSubnets: setting<readonly string[]>(
    'ALLOW_SUBNETS',
    parse.subnets,
    [],
    'Private networks (CIDRs) that deliveries may reach.',
  ),
  endpointHttpsOnly: setting('ENDPOINT_HTTPS_ONLY', parse.flag, false, 'Refuse endpoints with http:// URLs.'),
  defaultSignatureType: setting(
    'DEFAULT_SIGNATURE_TYPE',
    parse.oneOf('hmac256', 'ed25519'),
    'hmac256',
    'Kind of key made for a new endpoint.',
  ),
  whitelabelHeaders: setting(
    'WHITELABEL_HEADERS',
    parse.flag,
    true,
    'true: Webhook-Id, -Timestamp, -Signature; false: Svix-*.',
  ),
  proxyUrl: setting<string | null>(
    'PROXY_URL',
    parse.proxyUrl,
    null,
    'Proxy for deliveries: http://, https:// or socks5://.',
  ),
  noProxy: setting<readonly string[]>(
    'NO_PROXY',
    parse.texts,
    [],
    'Hosts, .suffixes and CIDRs that go without the proxy.',
  ),
  endpointFailureDisableAfter: setting(
    'ENDPOINT_FAILURE_DISABLE_AFTER',
    parse.duration,
    120 * 3_600_000,
    'Disable an endpoint when every attempt failed for this long; 0 = never.',
  ),
  requestTimeout: setting(
    'REQUEST_TIMEOUT',
    parse.duration,
    15_000,
    'An attempt’s time limit, all in all, unless the endpoint has its own.',
  ),
  endpointConcurrency: setting(
    'ENDPOINT_CONCURRENCY',
    parse.whole(1, 1000),
    64,
    'Attempts in flight per endpoint unless it has its own limit.',
  ),
  concurrency: setting(
    'CONCURRENCY',
    parse.whole(1, 20_000),
    1024,
    'Attempts in flight in the whole process.',
  ),
  bodyLimit: setting(
    'BODY_LIMIT',
    parse.whole(1024, 64 * 1024 * 1024),
    2 * 1024 * 1024,
    'Bytes of a request body.',
  ),
  sourceBodyLimit: setting(
    'SOURCE_BODY_LIMIT',
    parse.whole(1024, 64 * 1024 * 1024),
    10 * 1024 * 1024,
    'Bytes of a body that a source receives; a source can be given a lower limit.',
  ),
  contentRetention: setting(
    'CONTENT_RETENTION',
    parse.duration,
    90 * DAY_MS,
    'How long payloads are kept unless the message says otherwise.',
  ),
  historyRetention: setting(
    'HISTORY_RETENTION',
    parse.duration,
    90 * DAY_MS,
    'How long events, attempts and the audit log are kept.',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    parse.oneOf('debug', 'info', 'warn', 'error', 'silent'),
    'info',
    'Least important line to log.',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Config = {
  readonly [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};
