/**
 * The only place that wires: opens the parts in order, hands them to each other, and stops them in reverse.
 */
import { once } from 'node:events';
import { createServer as createNetServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import { Problem } from '../core/problem.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { Engine, EngineSettings } from '../engine/engine.ts';
import { createFormats } from '../formats/create-formats.ts';
import type { HttpSettings } from '../http/http-settings.ts';
import { createServer } from '../http/server.ts';
import { INBOUND_KINDS } from '../inbound/kinds.ts';
import { fetchOauth2Token } from '../outbound/oauth2.ts';
import { openWeb } from '../outbound/open-web.ts';
import { openWire } from '../outbound/open-wire.ts';
import type { Log } from '../ports/log.ts';
import type { Storage } from '../ports/storage.ts';
import type { Wire } from '../ports/wire.ts';
import { PROVIDERS } from '../providers/index.ts';
import { createExpressions } from '../sandbox/create-expressions.ts';
import { StorageRefused } from '../storage/index.ts';
import { fittingSecrets } from './fitting-secrets.ts';
import { openLog } from './open-log.ts';
import { mailTls, type OpenMail, openMail } from './open-mail.ts';
import { openStorage, storeName, storePath } from './open-storage.ts';
import type { Secrets } from './secrets.ts';
import { systemDice } from './system-dice.ts';
import { VERSION } from './version.ts';

export interface Running {
  /** How this machine reaches the server. */
  readonly url: string;
  readonly engine: Engine;
  readonly storage: Storage;
  readonly secrets: Secrets;
  /** Stops taking requests, waits for what is in flight up to the deadline, closes the store. Safe to call twice. */
  stop(deadlineMs?: number): Promise<void>;
}

const STOP_DEADLINE_MS = 20_000;

export async function start(
  config: Config,
  log: Log & { flush(): void } = openLog(config.logLevel),
): Promise<Running> {
  // A folder that cannot be made is told as such, not as secrets that cannot be read.
  if (config.databaseUrl === null) storePath(config);
  const secrets = await fittingSecrets(config);
  const dice = systemDice();
  const wire = openCheckedWire(config);
  await refuseTakenAddresses(config);
  const { storage, clock } = await openStorage(config, log);
  const { allowSubnets, proxyUrl, noProxy } = config;
  const web = openWeb({ allowSubnets, proxyUrl, noProxy });
  const inbound = { web, clock, dice, log, userAgent: `Posthorn/${VERSION}`, publicUrl: publicUrlOf(config) };
  const engine = createEngine({
    storage,
    wire,
    clock,
    dice,
    log,
    fetchToken: fetchOauth2Token,
    ...{ web, formats: createFormats(), expressions: createExpressions(), providers: PROVIDERS },
    inboundKinds: INBOUND_KINDS.map((make) => make(inbound)),
    settings: engineSettings(config, secrets),
  });
  const server = createServer({ engine, storage, clock, dice, log, settings: httpSettings(config, secrets) });
  let mail: OpenMail | null = null;
  try {
    await engine.start();
    await server.listen({ host: config.listen.host, port: config.listen.port });
    mail = await openMail(config, { engine, clock, log });
  } catch (cause) {
    await engine.stop(0);
    await wire.close();
    await web.close();
    await storage.upkeep.close();
    throw lostWhileStarting(cause, storeName(config));
  }
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.listen.port;
  let stopping: Promise<void> | null = null;
  const stopOnce = async (deadlineMs: number): Promise<void> => {
    const stopsAt = clock.now() + deadlineMs;
    await Promise.all([closeServer(server, deadlineMs), mail?.close()]);
    await engine.stop(Math.max(0, stopsAt - clock.now()));
    await wire.close();
    await web.close();
    await storage.upkeep.close();
    log.info('server.stopped', { pid: process.pid });
    log.flush();
  };
  return {
    url: `http://${urlHost(config.listen.host)}:${port}`,
    engine,
    storage,
    secrets,
    stop: (deadlineMs = STOP_DEADLINE_MS) => (stopping ??= stopOnce(deadlineMs)),
  };
}

/** Before anything is opened: a node that cannot listen shall neither make a schema nor take shards for a moment. */
async function refuseTakenAddresses(config: Config): Promise<void> {
  mailTls(config);
  await refuseTakenAddress(config.listen);
  if (config.smtpListen !== null) await refuseTakenAddress(config.smtpListen);
}

async function refuseTakenAddress({ host, port }: Config['listen']): Promise<void> {
  const probe = createNetServer();
  probe.listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** Throws BadSetting for what only the wire can judge. */
function openCheckedWire(config: Config): Wire {
  const { allowSubnets, proxyUrl, noProxy } = config;
  try {
    return openWire({ allowSubnets, proxyUrl, noProxy });
  } catch (cause) {
    const named = cause instanceof Problem ? /^(POSTHORN_\w+):? (.+)$/s.exec(cause.message) : null;
    throw named === null ? cause : new BadSetting(named[1]!, named[2]!);
  }
}

/** A damage that shows only when the queue is read is as good a reason not to start as one that shows at once. */
function lostWhileStarting(cause: unknown, store: string): unknown {
  const isLost = cause instanceof Problem && cause.code === 'unavailable';
  return isLost ? new StorageRefused('corrupt', `${store}: ${cause.message}`, cause) : cause;
}

const IDLE_SWEEP_MS = 50;

/**
 * Requests that run are answered; then their connections go. A connection that became idle after the server began to
 * close would otherwise be kept for its whole keep-alive time, and the process with it.
 */
async function closeServer(server: FastifyInstance, deadlineMs: number): Promise<void> {
  const sweep = setInterval(() => server.server.closeIdleConnections(), IDLE_SWEEP_MS);
  const cut = setTimeout(() => server.server.closeAllConnections(), deadlineMs);
  await server.close();
  clearInterval(sweep);
  clearTimeout(cut);
}

function engineSettings(config: Config, secrets: Secrets): EngineSettings {
  return {
    mainSecrets: secrets.mainSecrets,
    retryScheduleMs: config.retrySchedule,
    defaultSignatureType: config.defaultSignatureType,
    signatureHeaders: config.whitelabelHeaders ? 'webhook' : 'svix',
    userAgent: `Posthorn/${VERSION}`,
    endpointHttpsOnly: config.endpointHttpsOnly,
    disableAfterMs: config.endpointFailureDisableAfter,
    timeoutMs: config.requestTimeout,
    concurrencyPerDestination: config.endpointConcurrency,
    concurrencyTotal: config.concurrency,
    laneItemsMax: 1000,
    laneBytesMax: 8 * 1024 * 1024,
    memoryBytesMax: 128 * 1024 * 1024,
    historyRetentionMs: config.historyRetention,
    contentRetentionMs: config.contentRetention,
    publicUrl: publicUrlOf(config),
  };
}

function publicUrlOf(config: Config): string {
  return config.publicUrl ?? `http://${urlHost(config.listen.host)}:${config.listen.port}`;
}

function httpSettings(config: Config, secrets: Secrets): HttpSettings {
  return {
    jwtSecrets: secrets.jwtSecrets,
    publicUrl: publicUrlOf(config),
    bodyBytesMax: config.bodyLimit,
    sourceBodyBytesMax: config.sourceBodyLimit,
    endpointHttpsOnly: config.endpointHttpsOnly,
    defaultSignatureType: config.defaultSignatureType,
    version: VERSION,
    metricsToken: config.metricsToken,
    contentRetentionMs: config.contentRetention,
  };
}

/** A host as it stands in a URL; the unspecified address is reached over loopback. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
