/** Wires the engine. The parts that wait on each other's behalf meet here and nowhere else. */
import { Arrivals } from './arrivals.ts';
import { Attempts } from './attempts.ts';
import { Canceler } from './canceler.ts';
import { captureSecret } from './capture-secret.ts';
import { Committer } from './committer.ts';
import { CompiledDestinations } from './compiled-destinations.ts';
import { CachedDirectory } from './directory.ts';
import type { Engine, EngineMetrics, EngineParts } from './engine.ts';
import { HeldShards } from './held-shards.ts';
import { HubCalls } from './hub-calls.ts';
import { InboundHosts } from './inbound-hosts.ts';
import { InboundSources } from './inbound-sources.ts';
import { Indexer } from './indexer.ts';
import { LaneCare } from './lane-care.ts';
import { LaneRunner } from './lane-runner.ts';
import { Lanes } from './lanes.ts';
import { LiveSources } from './live-sources.ts';
import { Membership } from './membership.ts';
import { OperationalEvents } from './operational.ts';
import { Outbox } from './outbox.ts';
import { Publisher } from './publisher.ts';
import { RateLimits } from './rate-limits.ts';
import { ReceivedEvents } from './received-events.ts';
import { ReceivedRequests } from './received-request.ts';
import { Receiver } from './receiver.ts';
import { Retrier } from './retrier.ts';
import { SealedVault } from './sealed-vault.ts';
import { SourceCalls } from './source-calls.ts';
import { SourceChecks } from './source-checks.ts';
import { SourceStates } from './source-states.ts';
import { Sweep } from './sweep.ts';
import { Targets } from './targets.ts';
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
  const canceler = new Canceler(parts, targets, directory);
  const rates = new RateLimits(cluster.isShared ? new TokenLeases(cluster, parts) : null);
  const lanes = new Lanes(parts, { targets, runner, canceler, rates, metrics, held });
  const publisher = new Publisher(parts, { directory, lanes, metrics });
  const sources = new LiveSources(parts, { vault, directory });
  const arrivals = new Arrivals(clock);
  const received = new ReceivedEvents(parts, { directory, sources, arrivals });
  const indexer = new Indexer(parts, { held, metrics, read: (stored) => received.read(stored) });
  const receiver = new Receiver(parts, {
    ...{ directory, publisher, sources, metrics },
    saw: (of) => {
      states.saw(of);
      arrivals.rang(of.organization);
      indexer.wake();
    },
  });
  const care = new LaneCare(parts, { lanes, retrier });
  const committer = new Committer(parts, {
    ...{ directory, operational, publisher, care },
    sourcesChanged: () => inbound.wake(),
  });
  const states = new SourceStates(parts, { committer, operational });
  const hosts = new InboundHosts(parts, { directory, sources, receiver, states });
  const inbound = new InboundSources(parts, { held, hosts, states });
  const calls = new SourceCalls(parts, {
    ...{ sources, receiver, metrics, hub: new HubCalls(parts, states) },
    capture: (live, secret) => captureSecret(live, secret, { committer, vault, parts }),
  });
  const tasks = createTasks({
    ...{ storage, clock, dice, log },
    replay: (...asked) => publisher.replay(...asked),
    received,
    isHere: (id) => held.hasKey(id),
    written: (organization, version, edits) =>
      edits.length === 0
        ? directory.sawVersion(organization, version)
        : directory.changed(organization, version, edits),
  });
  const sweep = new Sweep(parts, { lanes, held, tasks });
  const outbox = new Outbox(parts, { directory, publisher, held, retrier });
  const membership = new Membership(parts, { held, lanes, directory, outbox, tasks, retrier });
  return {
    directory,
    vault,
    tasks,
    metrics,
    sources: new SourceChecks(parts, { vault, states }),
    received,
    mailboxes: hosts,
    start: async () => {
      await membership.start();
      sweep.start();
      inbound.start();
      indexer.start();
    },
    stop: (deadlineMs) =>
      stop(parts, { retrier, lanes, tasks, sweep, outbox, membership, inbound, indexer }, deadlineMs),
    publish: (request) => publisher.publish(request),
    receive: (call) => calls.receive(call),
    commit: (request) => committer.commit(request),
    resend: (...asked) => publisher.resend(...asked),
    replay: (...asked) => publisher.replay(...asked),
  };
}

interface Stoppable {
  readonly retrier: Retrier;
  readonly lanes: Lanes;
  readonly tasks: RunningTasks;
  readonly sweep: Sweep;
  readonly outbox: Outbox;
  readonly membership: Membership;
  readonly inbound: InboundSources;
  readonly indexer: Indexer;
}

async function stop(parts: EngineParts, running: Stoppable, deadlineMs: number): Promise<void> {
  const { retrier, lanes, tasks, sweep, outbox, membership, inbound, indexer } = running;
  const deadline = newDeadline(parts, deadlineMs);
  // What still comes in is taken until its ways in have stopped.
  await Promise.race([deadline.passed, Promise.all([inbound.stop(), indexer.stop()])]);
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
