/**
 * A whole Posthorn for API tests: the real engine, store, wire and server, on a free port of loopback. Its client is
 * the published SDK of the compatible API. POSTHORN_TEST_STORE=postgresql puts it on a database instead of a file.
 */
import { Svix } from 'svix';
import { systemClock } from '../../src/app/system-clock.ts';
import { systemDice } from '../../src/app/system-dice.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { Engine, EngineSettings } from '../../src/engine/engine.ts';
import type { HttpSettings } from '../../src/http/http-settings.ts';
import { createServer } from '../../src/http/server.ts';
import { mintOrganizationToken } from '../../src/http/tokens.ts';
import type { InboundParts } from '../../src/inbound/inbound-parts.ts';
import { fetchOauth2Token } from '../../src/outbound/oauth2.ts';
import { openWeb } from '../../src/outbound/open-web.ts';
import { openWire } from '../../src/outbound/open-wire.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { InboundKind } from '../../src/ports/inbound.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Storage } from '../../src/ports/storage.ts';
import type { Web } from '../../src/ports/web.ts';
import type { Wire } from '../../src/ports/wire.ts';
import { migratePostgres, openPostgres } from '../../src/storage/postgres/open.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import { type PostgresServer, testPostgres } from './postgres.ts';
import { receivingParts } from './receiving-parts.ts';

export const JWT_SECRET = 'test-secret-that-signs-access-tokens';

export interface PosthornOptions {
  readonly engine?: Partial<EngineSettings>;
  readonly http?: Partial<HttpSettings>;
  /** A file, with the worker; not said: in memory, on this thread. */
  readonly path?: string;
  readonly clock?: Clock;
  /** Instead of the real one, which may reach 127.0.0.1 only. */
  readonly wire?: Wire;
  /** Stands between the engine and the real one, which may reach 127.0.0.1 only. */
  readonly web?: (real: Web) => Web;
  readonly organization?: string;
  /** Ways in beside HTTP; not said: none. */
  readonly inboundKinds?: (parts: Omit<InboundParts, 'userAgent' | 'publicUrl'>) => readonly InboundKind[];
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestPosthorn {
  readonly url: string;
  readonly organization: OrganizationId;
  /** An organization token, and the SDK that uses it. */
  readonly token: string;
  readonly sdk: Svix;
  readonly engine: Engine;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly settings: HttpSettings;
  /** What was logged, oldest first. */
  readonly lines: readonly LogLine[];
  /** The SDK with another token. */
  sdkFor(token: string): Svix;
  /** A token of another organization. */
  tokenOf(organization: string): Promise<string>;
  /** For what the SDK cannot express. `path` begins with a slash; an object as body is sent as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** null = send none; not said: the organization token. */
  readonly token?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is empty or none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly json: any;
}

const ENGINE_DEFAULTS: EngineSettings = {
  mainSecrets: ['test-secret-that-encrypts-at-rest'],
  retryScheduleMs: [20, 40],
  defaultSignatureType: 'hmac256',
  signatureHeaders: 'webhook',
  userAgent: 'Posthorn/test',
  endpointHttpsOnly: false,
  disableAfterMs: 120 * 3_600_000,
  timeoutMs: 2_000,
  concurrencyPerDestination: 8,
  concurrencyTotal: 64,
  laneItemsMax: 1000,
  laneBytesMax: 8 * 1024 * 1024,
  memoryBytesMax: 64 * 1024 * 1024,
  historyRetentionMs: 90 * 86_400_000,
  contentRetentionMs: 90 * 86_400_000,
  publicUrl: 'http://posthorn.test',
};

const HTTP_DEFAULTS: HttpSettings = {
  jwtSecrets: [JWT_SECRET],
  publicUrl: 'http://posthorn.test',
  bodyBytesMax: 2 * 1024 * 1024,
  sourceBodyBytesMax: 10 * 1024 * 1024,
  endpointHttpsOnly: false,
  defaultSignatureType: 'hmac256',
  version: '0.0.0-test',
  metricsToken: null,
  contentRetentionMs: 90 * 86_400_000,
};

const STOP_DEADLINE_MS = 2_000;

export async function startPosthorn(options: PosthornOptions = {}): Promise<TestPosthorn> {
  const { log, lines } = recordingLog();
  const dice = systemDice();
  const { storage, clock, drop } = await openStore(options, log);
  const wire = options.wire ?? openWire({ allowSubnets: ['127.0.0.1/32'], proxyUrl: null, noProxy: [] });
  const realWeb = openWeb({ allowSubnets: ['127.0.0.1/32'], proxyUrl: null, noProxy: [] });
  const web = options.web?.(realWeb) ?? realWeb;
  const engineSettings = { ...ENGINE_DEFAULTS, ...options.engine };
  const engine = createEngine({
    storage,
    wire,
    clock,
    dice,
    log,
    fetchToken: fetchOauth2Token,
    ...receivingParts({ web, inboundKinds: options.inboundKinds?.({ web, clock, dice, log }) ?? [] }),
    settings: engineSettings,
  });
  const settings = { ...HTTP_DEFAULTS, ...options.http };
  const server = createServer({ engine, storage, clock, dice, log, settings });
  await engine.start();
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const organization = (options.organization ?? 'org_test0000000000000000000000') as OrganizationId;
  const tokenOf = (of: string): Promise<string> =>
    mintOrganizationToken(settings.jwtSecrets[0]!, of as OrganizationId, { nowMs: clock.now() });
  const token = await tokenOf(organization);
  const sdkFor = (of: string): Svix => new Svix(of, { serverUrl: url, numRetries: 0 });
  const stop = async (): Promise<void> => {
    await server.close();
    await engine.stop(STOP_DEADLINE_MS);
    await wire.close();
    await web.close();
    await storage.upkeep.close();
    await drop();
  };
  return {
    ...{ url, organization, token, engine, storage, clock, settings, lines, sdkFor, tokenOf, stop },
    sdk: sdkFor(token),
    call: (method, at, request = {}) => call({ method, url: url + at, token, ...request }),
    [Symbol.asyncDispose]: stop,
  };
}

interface OpenedStore {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly drop: () => Promise<void>;
}

/** A test that names a file or a clock of its own is about the embedded store or about time, and gets that. */
async function openStore({ path, clock }: PosthornOptions, log: Log): Promise<OpenedStore> {
  const isOnServer = process.env.POSTHORN_TEST_STORE === 'postgresql';
  if (isOnServer && path === undefined && clock === undefined) return openOnServer(log);
  const storage = await openSqlite({
    path: path ?? ':memory:',
    form: path === undefined ? 'inline' : 'worker',
    clock: clock ?? systemClock,
    log,
  });
  return { storage, clock: clock ?? systemClock, drop: async () => {} };
}

/** Made once in a test process; each Posthorn gets a copy. */
let template: Promise<string> | null = null;

async function openOnServer(log: Log): Promise<OpenedStore> {
  const server = await testPostgres();
  template ??= makeTemplate(server);
  const url = await server.createDatabase({ template: await template });
  const opened = await openPostgres({
    url,
    nodeName: 'test',
    version: '0.0.0-test',
    clock: systemClock,
    log,
  });
  return { ...opened, drop: () => server.dropDatabase(url) };
}

async function makeTemplate(server: PostgresServer): Promise<string> {
  const url = await server.createDatabase();
  await migratePostgres({ url, log: { info() {}, warn() {}, error() {} } });
  return url;
}

async function call(
  request: CallOptions & { readonly method: string; readonly url: string },
): Promise<Answer> {
  const { body, token } = request;
  const isBytes = typeof body === 'string' || body instanceof Uint8Array;
  const headers: Record<string, string> =
    isBytes || body === undefined ? {} : { 'content-type': 'application/json' };
  if (typeof token === 'string') headers.authorization = `Bearer ${token}`;
  const response = await fetch(request.url, {
    method: request.method,
    headers: { ...headers, ...request.headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: isBytes ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: readJson(text) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return {
    lines,
    log: {
      info: (event, fields) => void lines.push({ level: 'info', event, fields }),
      warn: (event, fields) => void lines.push({ level: 'warn', event, fields }),
      error: (event, cause, fields) =>
        void lines.push({ level: 'error', event, fields: { ...fields, cause } }),
    },
  };
}
