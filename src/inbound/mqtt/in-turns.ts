/** Several messages at once, those of one topic one after the other, acknowledged in the order in which they came. */

export interface Turns {
  /**
   * Starts the message's turn, when fewer than the bound are under way; resolves once it is started. `run` begins the
   * job and cares for its failure. `acknowledge` is called when `take` said true and all before it have been decided.
   */
  start(
    topic: string,
    run: (job: () => Promise<void>) => void,
    take: () => Promise<boolean>,
    acknowledge: () => void,
  ): Promise<void>;
}

interface Turn {
  /** null = not known yet. */
  isTaken: boolean | null;
  readonly acknowledge: () => void;
}

/** MQTT 5.0 §4.6: the order of messages of one topic, and of acknowledgements, is that of the messages' arrival. */
export function inTurns(max: number): Turns {
  const order: Turn[] = [];
  const last = new Map<string, Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let underWay = 0;

  const settle = (turn: Turn, isTaken: boolean): void => {
    turn.isTaken = isTaken;
    for (let head = order[0]; head !== undefined && head.isTaken !== null; head = order[0]) {
      order.shift();
      if (head.isTaken) head.acknowledge();
    }
    underWay--;
    waiting.shift()?.();
  };
  return {
    async start(topic, run, take, acknowledge) {
      while (underWay >= max) await new Promise<void>((resolve) => waiting.push(resolve));
      underWay++;
      const turn: Turn = { isTaken: null, acknowledge };
      order.push(turn);
      const before = last.get(topic);
      const taken = (before ?? Promise.resolve()).then(take);
      const mine = taken.then(
        (isTaken) => settle(turn, isTaken),
        (error) => {
          settle(turn, false);
          throw error;
        },
      );
      const quiet = mine.catch(() => {});
      last.set(topic, quiet);
      void quiet.then(() => last.get(topic) === quiet && last.delete(topic));
      run(() => mine);
    },
  };
}
