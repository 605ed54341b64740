/** Runs a way in that asks at intervals, against real servers on loopback and under a clock that the test moves. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Source } from '../../src/core/catalog/resources.ts';
import type { InboundParts, MakeInboundKind } from '../../src/inbound/inbound-parts.ts';
import { openWeb } from '../../src/outbound/open-web.ts';
import type { InboundHost, InboundItem, RunningInbound, Taken } from '../../src/ports/inbound.ts';
import type { Web } from '../../src/ports/web.ts';
import { FakeClock } from './fake-clock.ts';

const WITHIN_MS = 5_000;
const LOOK_MS = 5;

export interface AskingRig extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly stored: InboundItem[];
  readonly health: (readonly [state: 'running' | 'failing', detail: string | null])[];
  /** What the log was told of bugs. */
  readonly bugs: unknown[];
  /** As the store keeps it, also over restarts: JSON. */
  cursor: unknown;
  cursorWrites: number;
  callbackUrl: string;
  /** What `take` answers; the default stores, and knows a key that it has seen. */
  answer: (item: InboundItem) => Taken | Promise<Taken>;
  start(input: unknown, source?: Partial<Source>): RunningInbound;
  /** Resolves when the way in sleeps. */
  asleep(): Promise<void>;
  /** Lets it sleep its time, and waits until it sleeps again. */
  round(): Promise<void>;
  until(what: string, holds: () => boolean): Promise<void>;
  /** As `until`, while its time goes on by a second each 5 ms. */
  pass(what: string, holds: () => boolean): Promise<void>;
  /** Bodies of what was stored since the last call, as JSON. */
  news(): Record<string, unknown>[];
}

export interface AskingRigOptions {
  readonly startAt?: number;
  readonly uniform?: () => number;
  readonly web?: Web;
}

export function askingRig(make: MakeInboundKind, options: AskingRigOptions = {}): AskingRig {
  const clock = new FakeClock(options.startAt === undefined ? {} : { startAt: options.startAt });
  const web = options.web ?? openWeb({ allowSubnets: ['127.0.0.0/8'], proxyUrl: null, noProxy: [] });
  const running: RunningInbound[] = [];
  const keys = new Set<string>();
  let read = 0;
  const rig: AskingRig = {
    clock,
    stored: [],
    health: [],
    bugs: [],
    cursor: null,
    cursorWrites: 0,
    callbackUrl: 'http://localhost/in/token',
    answer({ dedupeKey }) {
      if (dedupeKey !== null && keys.has(dedupeKey)) return { kind: 'duplicate', eventId: 'evt_1' };
      if (dedupeKey !== null) keys.add(dedupeKey);
      return { kind: 'accepted', eventId: 'evt_1', reply: null };
    },
    start(input, source = {}) {
      kind.check(input);
      const started = kind.run(hostOf(rig, { input, source, kind: kind.kind }));
      running.push(started);
      return started;
    },
    asleep: () => rig.until('it sleeps', () => clock.armed > 0),
    async round() {
      await rig.asleep();
      await clock.advanceToNext();
      await rig.asleep();
    },
    until: (what, holds) => waitFor(rig, what, holds),
    pass: (what, holds) => waitFor(rig, what, holds, () => clock.advance(1_000)),
    news() {
      const fresh = rig.stored.slice(read);
      read = rig.stored.length;
      return fresh.map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((one) => one.stop()));
      await web.close();
    },
  };
  const kind = make(partsOf(rig, web, options.uniform ?? (() => 0)));
  return rig;
}

async function waitFor(
  rig: AskingRig,
  what: string,
  holds: () => boolean,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !holds(); await sleep(LOOK_MS)) {
    if (Date.now() > end)
      throw new Error(`${what}: not within ${WITHIN_MS} ms; health: ${JSON.stringify(rig.health.slice(-3))}`);
    await meanwhile();
  }
}

function partsOf({ clock, bugs }: AskingRig, web: Web, uniform: () => number): InboundParts {
  let handedOut = 0;
  return {
    web,
    clock,
    dice: { uniform, bytes: (count) => new Uint8Array(count).fill(++handedOut) },
    log: { info() {}, warn() {}, error: (_event, cause) => void bugs.push(cause) },
    userAgent: 'Posthorn-Test',
    publicUrl: 'http://localhost',
  };
}

interface Hosting {
  readonly input: unknown;
  readonly source: Partial<Source>;
  readonly kind: string;
}

function hostOf(rig: AskingRig, { input, source, kind }: Hosting): InboundHost {
  const now = rig.clock.now();
  return {
    organization: 'org' as InboundHost['organization'],
    source: {
      id: 'src',
      kind,
      type: null,
      name: 'tick',
      version: 1,
      createdAt: now,
      updatedAt: now,
      ...source,
    } as Source,
    get callbackUrl() {
      return rig.callbackUrl;
    },
    input,
    async take(item) {
      const taken = await rig.answer(item);
      if (taken.kind === 'accepted') rig.stored.push(item);
      return taken;
    },
    readCursor: async () => structuredClone(rig.cursor),
    async writeCursor(cursor) {
      rig.cursorWrites++;
      rig.cursor = JSON.parse(JSON.stringify(cursor));
    },
    health(state, detail) {
      rig.health.push([state, detail]);
    },
  };
}
