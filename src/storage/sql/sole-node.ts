/** The cluster of a store that one process has to itself: it holds every shard for as long as it lives. */
import { SHARDS } from '../../core/shard.ts';
import type { Cluster } from '../../ports/cluster.ts';

const ALL: ReadonlySet<number> = new Set(Array.from({ length: SHARDS }, (_, shard) => shard));

export function soleNode(): Cluster {
  return {
    isShared: false,
    epoch: 0,
    async join(member) {
      member.gained(ALL);
    },
    async leave() {},
    holds: () => true,
    mayBegin: () => true,
    // Whoever writes is whoever holds: the engine hands to itself.
    wake() {},
    takeTokens() {
      throw new Error('Tokens of a store that is not shared are kept by the engine itself.');
    },
    // Nobody but this process could ask, so the store keeps no list of members.
    nodes: async () => [],
  };
}
