/** Wires the engine. The parts that wait on each other's behalf meet here and nowhere else. */
import { Attempts } from './attempts.ts';
import { Canceler } from './canceler.ts';
import { Committer } from './committer.ts';
import { CompiledDestinations } from './compiled-destinations.ts';
import { CachedDirectory } from './directory.ts';
import type { Engine, EngineMetrics, EngineParts } from './engine.ts';
import { LaneCare } from './lane-care.ts';
import { LaneRunner } from './lane-runner.ts';
import { Lanes } from './lanes.ts';
import { OperationalEvents } from './operational.ts';
import { Publisher } from './publisher.ts';
import { RateLimits } from './rate-limits.ts';
import { Retrier } from './retrier.ts';
import { SealedVault } from './sealed-vault.ts';
import { Sweep } from './sweep.ts';
import { Targets } from './targets.ts';
import { createTasks } from './tasks.ts';
import { Tokens } from './tokens.ts';

const LANES_PER_PAGE = 1_000;

export function createEngine(parts: EngineParts): Engine {
  const { storage, clock, dice, log, settings } = parts;
  const metrics = newMetrics();
  const directory = new CachedDirectory(storage.catalog);
  const vault = new SealedVault(settings.mainSecrets, dice);
  const retrier = new Retrier({ clock, log });
  const operational = new OperationalEvents(parts, directory);
  const compiled = new CompiledDestinations({ vault, settings, wire: parts.wire });
  const targets = new Targets({ directory, compiled, catalog: storage.catalog });
  const tokens = new Tokens(parts);
  const attempts = new Attempts(parts, { directory, operational, tokens, retrier });
  const runner = new LaneRunner(parts, {
    attempts,
    retrier,
    metrics,
    published: ({ publish }) => {
      for (const acceptance of publish) publisher.announce(acceptance);
    },
    disable: async (lane, target, reason) => {
      const { organization, destinationId, health } = lane;
      const story = { organization, reason, failingSince: health.failingSince };
      await retrier.untilDone('endpoint.disable', { organization, destinationId }, () =>
        committer.disable(target.loaded.destination, story),
      );
    },
  });
  const canceler = new Canceler(parts, targets);
  const lanes = new Lanes(parts, { targets, runner, canceler, rates: new RateLimits(), metrics });
  const publisher = new Publisher(parts, { directory, lanes, metrics });
  const care = new LaneCare(parts, { lanes, retrier });
  const committer = new Committer(parts, { directory, operational, publisher, care });
  const replay: Engine['replay'] = (organization, destination, ids) =>
    publisher.replay(organization, destination, ids);
  const tasks = createTasks({ storage, clock, dice, log, replay });
  const sweep = new Sweep(parts, lanes);
  return {
    directory,
    vault,
    tasks,
    metrics,
    async start() {
      await loadLanes(parts, lanes);
      await tasks.resume();
      sweep.start();
    },
    async stop(deadlineMs) {
      const deadline = newDeadline(parts, deadlineMs);
      retrier.stop();
      await lanes.stop(deadline.passed);
      await Promise.race([deadline.passed, Promise.all([tasks.stop(), sweep.stop()])]);
      deadline.cancel();
    },
    publish: (request) => publisher.publish(request),
    commit: (request) => committer.commit(request),
    resend: (organization, destination, eventId) => publisher.resend(organization, destination, eventId),
    replay,
  };
}

/** Every lane that has work; its cost follows the number of lanes, not of deliveries. */
async function loadLanes({ storage }: EngineParts, lanes: Lanes): Promise<void> {
  for (let page = await storage.queue.lanes(null, LANES_PER_PAGE); ; ) {
    for (const summary of page) lanes.meet(summary);
    if (page.length < LANES_PER_PAGE) return;
    page = await storage.queue.lanes(page.at(-1)!, LANES_PER_PAGE);
  }
}

function newDeadline(
  { clock }: EngineParts,
  ms: number,
): { readonly passed: Promise<void>; cancel: () => void } {
  let cancel = (): void => {};
  const passed = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  return { passed, cancel: () => cancel() };
}

function newMetrics(): EngineMetrics {
  return {
    eventsAccepted: 0,
    attemptsByOutcome: new Map(),
    deliveriesSettled: new Map(),
    inFlight: 0,
    lanes: 0,
    lanesBlocked: 0,
    heldInMemory: 0,
    heldBytes: 0,
    onAttempt: null,
  };
}
