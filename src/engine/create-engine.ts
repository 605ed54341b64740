/** Wires the engine. The parts that wait on each other's behalf meet here and nowhere else. */
import { Attempts } from './attempts.ts';
import { Canceler } from './canceler.ts';
import { Committer } from './committer.ts';
import { CompiledDestinations } from './compiled-destinations.ts';
import { createReceiving, type Receiving } from './create-receiving.ts';
import { CachedDirectory } from './directory.ts';
import type { Engine, EngineMetrics, EngineParts } from './engine.ts';
import { HeldShards } from './held-shards.ts';
import type { Lane } from './lane.ts';
import { LaneCare } from './lane-care.ts';
import { LaneRunner } from './lane-runner.ts';
import { Lanes } from './lanes.ts';
import { Membership } from './membership.ts';
import { OperationalEvents } from './operational.ts';
import { Outbox } from './outbox.ts';
import { Publisher } from './publisher.ts';
import { RateLimits } from './rate-limits.ts';
import { ReceivedRequests } from './received-request.ts';
import { Retrier } from './retrier.ts';
import { SealedVault } from './sealed-vault.ts';
import { Sweep } from './sweep.ts';
import { type Target, Targets } from './targets.ts';
import { createTasks, type RunningTasks } from './tasks.ts';
import { TokenLeases } from './token-leases.ts';
import { Tokens } from './tokens.ts';

/** How long leaving the cluster may take. */
const LEAVE_MS = 3_000;

export function createEngine(parts: EngineParts): Engine {
  const { clock, dice, log, settings, storage } = parts;
  const { cluster } = storage;
  const metrics = newMetrics();
  const held = new HeldShards(cluster, metrics);
  const directory = new CachedDirectory(storage.catalog, (organization) => {
    if (cluster.isShared) care.catalogChanged(organization);
  });
  const vault = new SealedVault(settings.mainSecrets, dice);
  const retrier = new Retrier({ clock, log });
  const operational = new OperationalEvents(parts, directory);
  const compiled = new CompiledDestinations({ vault, settings, wire: parts.wire });
  const targets = new Targets({ directory, compiled, catalog: storage.catalog });
  const tokens = new Tokens(parts);
  const requests = new ReceivedRequests(parts, vault);
  const attempts = new Attempts(parts, { directory, operational, tokens, retrier, received: requests });
  const runner = new LaneRunner(parts, {
    ...{ attempts, retrier, metrics },
    published: ({ publish }) => {
      for (const acceptance of publish) publisher.announce(acceptance);
    },
    disable: (lane, target, reason) => disable(lane, target, { reason, retrier, committer: () => committer }),
  });
  const canceler = new Canceler(parts, targets, directory);
  const rates = new RateLimits(cluster.isShared ? new TokenLeases(cluster, parts) : null);
  const lanes = new Lanes(parts, { targets, runner, canceler, rates, metrics, held });
  const publisher = new Publisher(parts, { directory, lanes, metrics });
  const care = new LaneCare(parts, { lanes, retrier });
  const committer = new Committer(parts, {
    ...{ directory, operational, publisher, care },
    sourcesChanged: () => receiving.sourcesChanged(),
  });
  const shared = { directory, publisher, committer, operational, vault, held, metrics };
  const receiving = createReceiving(parts, shared);
  const tasks = taskRunner(parts, { publisher, directory, held, receiving });
  const sweep = new Sweep(parts, { lanes, held, tasks });
  const outbox = new Outbox(parts, { directory, publisher, held, retrier });
  const membership = new Membership(parts, { held, lanes, receiving, directory, outbox, tasks, retrier });
  return {
    directory,
    vault,
    tasks,
    metrics,
    sources: receiving.sources,
    received: receiving.received,
    mailboxes: receiving.mailboxes,
    receive: receiving.receive,
    start: async () => {
      await membership.start();
      sweep.start();
      receiving.start();
    },
    stop: (deadlineMs) =>
      stop(parts, { retrier, lanes, tasks, sweep, outbox, membership, receiving }, deadlineMs),
    publish: (request) => publisher.publish(request),
    commit: (request) => committer.commit(request),
    resend: (...asked) => publisher.resend(...asked),
    replay: (...asked) => publisher.replay(...asked),
  };
}

/** Other changes to the endpoint may come between: it is tried until one of us has disabled it. */
async function disable(
  { organization, destinationId, health }: Lane,
  { loaded }: Target,
  by: { reason: string; retrier: Retrier; committer: () => Committer },
): Promise<void> {
  const story = { organization, reason: by.reason, failingSince: health.failingSince };
  await by.retrier.untilDone('endpoint.disable', { organization, destinationId }, () =>
    by.committer().disable(loaded.destination, story),
  );
}

function taskRunner(
  { storage, clock, dice, log }: EngineParts,
  made: { publisher: Publisher; directory: CachedDirectory; held: HeldShards; receiving: Receiving },
): RunningTasks {
  const { publisher, directory, held, receiving } = made;
  return createTasks({
    ...{ storage, clock, dice, log },
    replay: (...asked) => publisher.replay(...asked),
    received: receiving.received,
    isHere: (id) => held.hasKey(id),
    written: (organization, version, edits) =>
      edits.length === 0
        ? directory.sawVersion(organization, version)
        : directory.changed(organization, version, edits),
  });
}

interface Stoppable {
  readonly retrier: Retrier;
  readonly lanes: Lanes;
  readonly tasks: RunningTasks;
  readonly sweep: Sweep;
  readonly outbox: Outbox;
  readonly membership: Membership;
  readonly receiving: Receiving;
}

async function stop(parts: EngineParts, running: Stoppable, deadlineMs: number): Promise<void> {
  const { retrier, lanes, tasks, sweep, outbox, membership, receiving } = running;
  const deadline = newDeadline(parts, deadlineMs);
  // What still comes in is taken until its ways in have stopped.
  await Promise.race([deadline.passed, receiving.stop()]);
  retrier.stop();
  await lanes.stop(deadline.passed);
  await Promise.race([deadline.passed, Promise.all([tasks.stop(), sweep.stop(), outbox.stop()])]);
  deadline.cancel();
  // Also when the deadline has passed: what a node does not give up waits for its lease to run out.
  const leaving = newDeadline(parts, LEAVE_MS);
  await Promise.race([leaving.passed, membership.leave()]);
  leaving.cancel();
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
    eventsReceived: 0,
    receivedTwice: 0,
    rejectedByReason: new Map(),
    indexLagMs: 0,
    attemptsByOutcome: new Map(),
    deliveriesSettled: new Map(),
    inFlight: 0,
    lanes: 0,
    lanesBlocked: 0,
    shardsHeld: 0,
    heldInMemory: 0,
    heldBytes: 0,
    onAttempt: null,
  };
}
