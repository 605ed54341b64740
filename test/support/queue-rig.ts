/** Runs a way in without an engine: what it takes, what it tells of its health, and which names it asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Source } from '../../src/core/catalog/resources.ts';
import { Problem } from '../../src/core/problem.ts';
import type { InboundParts, MakeInboundKind } from '../../src/inbound/inbound-parts.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { InboundHost, InboundItem, RunningInbound, Taken } from '../../src/ports/inbound.ts';
import type { Web } from '../../src/ports/web.ts';
import { SeededDice } from './seeded-dice.ts';

const WITHIN_MS = 20_000;

export interface QueueRig {
  /** What was taken and stored, in order. */
  readonly stored: InboundItem[];
  /** Everything that was offered, also what was not stored. */
  readonly offered: InboundItem[];
  readonly health: (readonly [state: 'running' | 'failing', detail: string | null])[];
  /** Names that the guard was asked for. */
  readonly asked: string[];
  /** Of the source: whoever is started next goes on with it. */
  cursor: unknown;
  /** What `take` answers; the default stores. `throw new Problem(…)` for a store that is away. */
  answer: (item: InboundItem) => Taken | Promise<Taken>;
  start(input: unknown): RunningInbound;
  /** Resolves when it holds; rejects with what was seen when it does not within 20 s. */
  until(what: string, holds: () => boolean): Promise<void>;
}

export const storeIsAway = (): never => {
  throw new Problem('unavailable', 'The store is away; try again.');
};
export const refuse = (isFinal: boolean) => (): Taken => ({
  kind: 'refused',
  detail: 'It is too large.',
  isFinal,
});
const store = (): Taken => ({ kind: 'accepted', eventId: 'evt_1', reply: null });

/** Pauses are a tenth of what they are in life. */
const HURRY = 10;
const CLOCK: Clock = {
  now: () => Date.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs / HURRY).unref();
    return () => clearTimeout(timer);
  },
};

export interface RigOptions {
  /** Addresses of names; any other is 127.0.0.1. null = refused. */
  readonly addresses?: Readonly<Record<string, string | null>>;
  readonly ask?: Web['ask'];
  readonly clock?: Clock;
  /** Two sources that read one queue have an id each. */
  readonly sourceId?: string;
}

export function queueRig(make: MakeInboundKind, options: RigOptions = {}): QueueRig {
  const { addresses = {}, ask } = options;
  const rig: QueueRig = {
    stored: [],
    offered: [],
    health: [],
    asked: [],
    cursor: null,
    answer: store,
    start(input) {
      kind.check(input);
      return kind.run(hostOf(rig, kind.kind, options.sourceId ?? 'src', input));
    },
    async until(what, holds) {
      for (const end = Date.now() + WITHIN_MS; !holds(); await sleep(10)) {
        if (Date.now() < end) continue;
        const seen = { stored: rig.stored.length, offered: rig.offered.length, health: rig.health.slice(-5) };
        throw new Error(`${what}: not within ${WITHIN_MS / 1000} s; seen: ${JSON.stringify(seen)}`);
      }
    },
  };
  const parts: InboundParts = {
    web: {
      ask: ask ?? (async () => ({ kind: 'unanswered', detail: 'Nobody is there.' })),
      async resolve(host) {
        rig.asked.push(host);
        const address = host in addresses ? addresses[host]! : '127.0.0.1';
        return address === null ? { refused: `${host} leads to a private address.` } : { address };
      },
      close: async () => {},
    },
    clock: options.clock ?? CLOCK,
    dice: new SeededDice(7),
    log: { info() {}, warn() {}, error() {} },
    userAgent: 'Posthorn-Test',
    publicUrl: 'http://localhost',
  };
  const kind = make(parts);
  return rig;
}

function hostOf(rig: QueueRig, kind: string, id: string, input: unknown): InboundHost {
  return {
    organization: 'org' as InboundHost['organization'],
    source: { id, kind, type: null, name: 'queue' } as unknown as Source,
    callbackUrl: 'http://localhost/in/token',
    input,
    async take(item) {
      rig.offered.push(item);
      const taken = await rig.answer(item);
      if (taken.kind === 'accepted') rig.stored.push(item);
      return taken;
    },
    readCursor: async () => rig.cursor,
    async writeCursor(next) {
      rig.cursor = next;
    },
    health(state, detail) {
      rig.health.push([state, detail]);
    },
  };
}

export const textsOf = (items: readonly InboundItem[]): string[] =>
  items.map(({ body }) => Buffer.from(body).toString());

/** Which member of the settings a check refuses, dotted; '' = the settings as a whole. */
export const wrongMember =
  (check: (input: unknown) => unknown) =>
  (input: unknown): string => {
    try {
      check(input);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'validation') throw error;
      const [body, settings, ...path] = error.errors[0]!.loc;
      if (body === 'body' && settings === 'input') return path.join('.');
      throw error;
    }
    throw new Error('The settings were taken.');
  };
