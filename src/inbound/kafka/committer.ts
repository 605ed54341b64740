/** Commits what was taken: one request at a time, each with all that has become due meanwhile. */
import type { Clock } from '../../ports/clock.ts';
import { inTime } from '../queue/in-time.ts';
import type { Session } from '../queue/sessions.ts';
import type { KafkaConsumer, KafkaMessage } from './kafka-kind.ts';

export interface Committer {
  /** Whether this member still holds the message's partition; after a rebalance somebody else may take it. */
  isOurs(message: KafkaMessage): boolean;
  /** The group goes on behind this message. Messages of a partition come in order. */
  taken(message: KafkaMessage): void;
}

type Place = Pick<KafkaMessage, 'topic' | 'partition'>;
type Offset = Place & { readonly offset: bigint; readonly leaderEpoch: number };

const COMMIT_WITHIN_MS = 20_000;

export function committerOf(
  consumer: Pick<KafkaConsumer, 'assignments' | 'commit'>,
  session: Session,
  clock: Clock,
): Committer {
  const due = new Map<string, Offset>();
  let isCommitting = false;
  const isOurs = ({ topic, partition }: Place): boolean =>
    consumer.assignments?.some((one) => one.topic === topic && one.partitions.includes(partition)) ?? false;

  const commitDue = async (): Promise<void> => {
    if (isCommitting) return;
    isCommitting = true;
    try {
      while (due.size > 0) {
        const offsets = [...due.values()].filter(isOurs);
        due.clear();
        if (offsets.length > 0)
          await inTime(clock, COMMIT_WITHIN_MS, 'The commit', consumer.commit({ offsets }));
      }
    } finally {
      isCommitting = false;
    }
  };
  return {
    isOurs,
    taken({ topic, partition, offset, leaderEpoch }) {
      due.set(`${topic}/${partition}`, {
        topic,
        partition,
        offset: offset + 1n,
        leaderEpoch: leaderEpoch ?? -1,
      });
      session.work(commitDue);
    },
  };
}
