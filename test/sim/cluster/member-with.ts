import type { Member } from '../../../src/ports/cluster.ts';

/** A member that does some things otherwise. */
export function memberWith(member: Member, changes: Partial<Member>): Member {
  return {
    gained: (shards) => member.gained(shards),
    giveUp: (shards) => member.giveUp(shards),
    lost: () => member.lost(),
    woken: (lanes) => member.woken(lanes),
    missed: () => member.missed(),
    outboxFilled: () => member.outboxFilled(),
    catalogChanged: (...change) => member.catalogChanged(...change),
    ...changes,
  };
}
