/** The real engine over a real store in memory, with a clock, dice and network that the test owns. */

import type { Principal } from '../../src/core/access/access.ts';
import type { Application, Destination, EventType, SigningKey } from '../../src/core/catalog/resources.ts';
import type { Event } from '../../src/core/event/event.ts';
import {
  type ApplicationId,
  type DestinationId,
  type EventId,
  newId,
  type OrganizationId,
} from '../../src/core/ids.ts';
import { newSigningKeyText } from '../../src/core/signing/standard-webhooks.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import type { CommitResult, Edit, Engine, EngineSettings, FetchToken } from '../../src/engine/engine.ts';
import type { InboundKind } from '../../src/ports/inbound.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Storage } from '../../src/ports/storage.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import { FakeClock, type ProcessClock } from './fake-clock.ts';
import { receivingParts } from './receiving-parts.ts';
import { answers, type React, ScriptedWire, type WireCall } from './scripted-wire.ts';
import { SeededDice } from './seeded-dice.ts';

export const ORGANIZATION = 'org_rig' as OrganizationId;

const SETTINGS: EngineSettings = {
  mainSecrets: ['a main secret that only tests use'],
  retryScheduleMs: [5_000, 300_000, 1_800_000],
  defaultSignatureType: 'hmac256',
  signatureHeaders: 'webhook',
  userAgent: 'Posthorn/test',
  endpointHttpsOnly: false,
  disableAfterMs: 5 * 24 * 3_600_000,
  timeoutMs: 15_000,
  concurrencyPerDestination: 8,
  concurrencyTotal: 64,
  laneItemsMax: 100,
  laneBytesMax: 1024 * 1024,
  memoryBytesMax: 16 * 1024 * 1024,
  historyRetentionMs: 90 * 24 * 3_600_000,
  contentRetentionMs: 90 * 24 * 3_600_000,
  publicUrl: 'http://localhost',
};

export interface RigOptions {
  readonly react?: React;
  readonly settings?: Partial<EngineSettings>;
  readonly fetchToken?: FetchToken;
  /** None unless said. */
  readonly inboundKinds?: readonly InboundKind[];
  /** Stands between the engine and the store. */
  readonly wrapStorage?: (storage: Storage) => Storage;
  /** Another engine, whose store and clock this one shares. */
  readonly beside?: EngineRig;
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: unknown;
}

export class EngineRig {
  readonly organization = ORGANIZATION;
  readonly principal: Principal = {
    kind: 'organization-token',
    organization: ORGANIZATION,
    applicationId: null,
    role: 'owner',
    scopes: ['*'],
    actorId: 'tester',
    featureFlags: null,
  };
  readonly clock: FakeClock;
  readonly dice: SeededDice;
  readonly wire: ScriptedWire;
  readonly lines: LogLine[] = [];
  react: React;
  readonly #options: RigOptions;
  #process: ProcessClock;
  #storage: Storage | null = null;
  #engine: Engine | null = null;

  constructor(options: RigOptions) {
    this.#options = options;
    this.clock = options.beside?.clock ?? new FakeClock();
    this.dice = new SeededDice(options.beside === undefined ? 1 : 2);
    this.#storage = options.beside?.storage ?? null;
    this.#process = this.clock.forProcess();
    this.react = options.react ?? (() => answers(200));
    this.wire = new ScriptedWire(this.clock, (request, call) => this.react(request, call));
  }

  static async start(options: RigOptions = {}): Promise<EngineRig> {
    const rig = new EngineRig(options);
    await rig.open();
    return rig;
  }

  get storage(): Storage {
    return this.#storage!;
  }

  get engine(): Engine {
    return this.#engine!;
  }

  async open(settings: Partial<EngineSettings> = {}): Promise<void> {
    this.#storage ??= await openSqlite({
      path: ':memory:',
      form: 'inline',
      clock: this.clock,
      log: this.#log(),
    });
    this.#process = this.clock.forProcess();
    this.#engine = createEngine({
      storage: this.#options.wrapStorage?.(this.#storage) ?? this.#storage,
      wire: this.wire,
      clock: this.#process,
      dice: this.dice,
      log: this.#log(),
      fetchToken: this.#options.fetchToken ?? noTokens,
      ...receivingParts({ inboundKinds: this.#options.inboundKinds ?? [] }),
      settings: { ...SETTINGS, ...this.#options.settings, ...settings },
    });
    await this.#engine.start();
  }

  /** A new engine over the same store, as after a crash: what the old one held in memory is lost. */
  async reopen(settings: Partial<EngineSettings> = {}): Promise<void> {
    this.#process.kill();
    await this.open(settings);
  }

  async unsettled(): Promise<number> {
    return (await this.storage.upkeep.stats()).unsettledDeliveries;
  }

  async close(): Promise<void> {
    const stopped = this.engine.stop(0);
    await this.clock.advance(0);
    await stopped;
    if (this.#options.beside === undefined) await this.storage.upkeep.close();
  }

  newId<Name extends string>() {
    return newId<Name>(this.clock.now(), this.dice.bytes(15));
  }

  async commit(edits: readonly Edit[], action = 'test.change'): Promise<CommitResult> {
    return this.engine.commit({
      organization: ORGANIZATION,
      principal: this.principal,
      edits,
      action,
      idempotency: null,
      reply: { status: 200, body: undefined },
    });
  }

  async addApplication(given: Partial<Application> = {}): Promise<Application> {
    const after: Application = {
      ...this.#resource('application'),
      name: 'Shop',
      throttleRate: null,
      metadata: {},
      tokensValidFrom: 0,
      ...given,
    };
    await this.commit([{ kind: 'application', before: null, after }], 'application.create');
    return after;
  }

  async addEventType(uid: string, given: Partial<EventType> = {}): Promise<EventType> {
    const after: EventType = {
      ...this.#resource('event-type'),
      uid,
      description: '',
      archived: false,
      deprecated: false,
      featureFlags: [],
      groupName: null,
      schemas: null,
      retryScheduleMs: null,
      ...given,
    };
    await this.commit([{ kind: 'event-type', before: null, after }], 'event-type.create');
    return after;
  }

  signingKey(rowId: string, text?: string, expiresAt: number | null = null): SigningKey {
    const key = text ?? newSigningKeyText('hmac256', this.dice.bytes(24));
    const secret = this.engine.vault.seal(ORGANIZATION, rowId, key);
    return {
      type: key.startsWith('whsk_') ? 'ed25519' : 'hmac256',
      secret,
      createdAt: this.clock.now(),
      expiresAt,
    };
  }

  seal(rowId: string, value: unknown) {
    return this.engine.vault.seal(ORGANIZATION, rowId, JSON.stringify(value));
  }

  async addDestination(ownerId: Application | null, given: Partial<Destination> = {}): Promise<Destination> {
    const resource = this.#resource<'destination'>('destination');
    const after: Destination = {
      ...resource,
      ownerId: (ownerId?.id ?? null) as ApplicationId | null,
      kind: 'http',
      url: `https://${resource.id.toLowerCase()}.example/hook`,
      description: '',
      eventTypes: null,
      channels: null,
      disabled: false,
      disabledReason: null,
      metadata: {},
      keys: [this.signingKey(resource.id)],
      headers: null,
      throttleRate: null,
      concurrency: null,
      timeoutMs: null,
      retryScheduleMs: null,
      ordering: { scope: 'none', onFailure: 'block' },
      method: null,
      auth: null,
      tls: null,
      allowHttp2: false,
      transformation: null,
      ...given,
    };
    await this.commit([{ kind: 'destination', before: null, after }], 'endpoint.create');
    return after;
  }

  /** The destination as it is stored now. */
  async stored(destination: Destination): Promise<Destination> {
    const by = { id: destination.id };
    return (await this.storage.catalog.find(ORGANIZATION, 'destination', by, destination.ownerId))!;
  }

  async change(destination: Destination, changes: Partial<Destination>): Promise<Destination> {
    const before = await this.stored(destination);
    const after = { ...before, ...changes };
    await this.commit([{ kind: 'destination', before, after }], 'endpoint.update');
    return this.stored(destination);
  }

  async publish(
    application: Application,
    body: string,
    given: Partial<Event> & { only?: readonly DestinationId[] } = {},
  ): Promise<Event> {
    const loaded = await this.engine.directory.applicationById(ORGANIZATION, application.id as ApplicationId);
    const { only = null, ...event } = given;
    const result = await this.engine.publish({
      organization: ORGANIZATION,
      application: loaded,
      event: {
        type: 'order.paid',
        eventId: null,
        channels: null,
        tags: null,
        method: 'POST',
        contentType: 'application/json',
        headers: null,
        orderingKey: null,
        retryScheduleMs: null,
        contentExpiresAt: this.clock.now() + SETTINGS.contentRetentionMs,
        deliverAt: 0,
        ...event,
      },
      content: new TextEncoder().encode(body),
      idempotency: null,
      reply: () => ({ status: 202, body: {} }),
      only,
    });
    if (result.kind !== 'accepted') throw new Error(`Not accepted: ${result.kind}.`);
    return result.event;
  }

  /** What was sent to a destination, oldest first. */
  callsTo(destination: Destination): WireCall[] {
    const { host } = new URL(destination.url);
    return this.wire.calls.filter((call) => call.request.url.host === host);
  }

  bodiesTo(destination: Destination): string[] {
    return this.callsTo(destination).map((call) => new TextDecoder().decode(call.request.body));
  }

  /** Attempts of an event at a destination, oldest first. */
  async attempts(event: Event, destination: Destination) {
    const found = await this.storage.history.listAttempts(
      { organization: ORGANIZATION, applicationId: event.applicationId },
      { eventId: event.id as EventId, destinationId: destination.id },
      { after: null, direction: 'ascending', limit: 50 },
    );
    return found.map(({ attempt }) => attempt);
  }

  #log(): Log {
    return {
      info: (event, fields) => this.lines.push({ level: 'info', event, fields }),
      warn: (event, fields) => this.lines.push({ level: 'warn', event, fields }),
      error: (event, cause, fields) =>
        this.lines.push({ level: 'error', event, fields: { ...fields, cause } }),
    };
  }

  #resource<Name extends string>(_kind: Name) {
    const now = this.clock.now();
    return { id: this.newId<Name>(), uid: null, ownerId: null, createdAt: now, updatedAt: now, version: 1 };
  }
}

/** Reads a header of a call, whatever its case. */
export function headerOf(call: WireCall, name: string): string | undefined {
  const { headers } = call.request;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === name.toLowerCase()) return headers[i + 1];
  }
  return undefined;
}

const noTokens: FetchToken = async () => ({
  kind: 'unrenderable',
  detail: 'There are no tokens in this test.',
});
