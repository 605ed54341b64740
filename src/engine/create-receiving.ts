/** Wires the half of the engine that receives: sources, ways in, flows, the search index. */
import { Arrivals } from './arrivals.ts';
import { captureSecret } from './capture-secret.ts';
import type { Committer } from './committer.ts';
import type { CachedDirectory } from './directory.ts';
import type { Engine, EngineMetrics, EngineParts, Vault } from './engine.ts';
import type { HeldShards } from './held-shards.ts';
import { HubCalls } from './hub-calls.ts';
import { InboundHosts } from './inbound-hosts.ts';
import { InboundSources } from './inbound-sources.ts';
import { Indexer } from './indexer.ts';
import { LiveSources } from './live-sources.ts';
import type { OperationalEvents } from './operational.ts';
import type { Publisher } from './publisher.ts';
import { ReceivedEvents } from './received-events.ts';
import { Receiver } from './receiver.ts';
import { SourceCalls } from './source-calls.ts';
import { SourceChecks } from './source-checks.ts';
import { type SourceOf, SourceStates } from './source-states.ts';

export interface ReceivingOptions {
  readonly directory: CachedDirectory;
  readonly publisher: Publisher;
  readonly committer: Committer;
  readonly operational: OperationalEvents;
  readonly vault: Vault;
  readonly held: HeldShards;
  readonly metrics: EngineMetrics;
}

export interface Receiving extends Pick<Engine, 'sources' | 'mailboxes' | 'receive'> {
  readonly received: ReceivedEvents;
  start(): void;
  stop(): Promise<void>;
  /** Resolves when nothing of these shards is fetched or listened for here any more. */
  giveUp(shards: ReadonlySet<number>): Promise<void>;
  /** A source was made, changed or removed. */
  sourcesChanged(): void;
}

export function createReceiving(parts: EngineParts, options: ReceivingOptions): Receiving {
  const { directory, publisher, committer, operational, vault, held, metrics } = options;
  const sources = new LiveSources(parts, { vault, directory });
  const arrivals = new Arrivals(parts.clock);
  const received = new ReceivedEvents(parts, { directory, sources, arrivals });
  const indexer = new Indexer(parts, { held, metrics, read: (stored) => received.read(stored) });
  const lastEventAt = (of: SourceOf, since: number) => received.lastEventAt(of, since);
  const states = new SourceStates(parts, { committer, operational });
  const receiver = new Receiver(parts, {
    ...{ directory, publisher, sources, metrics },
    saw: (of, at) => {
      states.saw(of, at);
      arrivals.rang(of.organization);
      indexer.wake();
    },
  });
  const hosts = new InboundHosts(parts, { directory, sources, receiver, states });
  const inbound = new InboundSources(parts, { held, hosts, states, lastEventAt });
  const calls = new SourceCalls(parts, {
    ...{ sources, receiver, metrics, hub: new HubCalls(parts, states) },
    capture: (live, secret) => captureSecret(live, secret, { committer, vault, parts }),
  });
  return {
    sources: new SourceChecks(parts, { vault, states, lastEventAt }),
    mailboxes: hosts,
    receive: (call) => calls.receive(call),
    received,
    start: () => {
      inbound.start();
      indexer.start();
    },
    stop: async () => {
      await Promise.all([inbound.stop(), indexer.stop()]);
    },
    giveUp: (shards) => inbound.giveUp(shards),
    sourcesChanged: () => inbound.wake(),
  };
}
