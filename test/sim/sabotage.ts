/** Stores that break a promise on purpose, so that a test can see that the checks notice. */
import type { Storage } from '../../src/ports/storage.ts';

export type Sabotage = (store: Storage) => Storage;

/** Every third event loses one of its deliveries. */
export const dropsDeliveries: Sabotage = (store) => {
  let accepted = 0;
  return {
    ...store,
    intake: {
      ...store.intake,
      accept: (acceptance) => {
        const drop = ++accepted % 3 === 0 ? 1 : 0;
        return store.intake.accept({ ...acceptance, destinations: acceptance.destinations.slice(drop) });
      },
    },
  };
};

/** Some outcomes are said to be stored, but are not. */
export const forgetsOutcomes: Sabotage = (store) => {
  let recorded = 0;
  return withQueue(store, {
    record: async (record) => {
      return ++recorded % 4 === 0 ? 'recorded' : store.queue.record(record);
    },
  });
};

/** Keys of idempotent requests are not kept. */
export const forgetsKeys: Sabotage = (store) => ({
  ...store,
  intake: {
    ...store.intake,
    accept: (acceptance) => store.intake.accept({ ...acceptance, idempotency: null }),
  },
});

/** A line is handed out newest first. */
export const turnsLinesAround: Sabotage = (store) =>
  withQueue(store, {
    takeInOrder: async (lane, options) => {
      const taken = await store.queue.takeInOrder(lane, options);
      const seqs = taken.rows.map(({ seq }) => seq);
      return {
        ...taken,
        rows: taken.rows.toReversed().map((row, index) => ({ ...row, seq: seqs[index]! })),
      };
    },
  });

/** Every retry counts as due at once. */
export const hurriesRetries: Sabotage = (store) =>
  withQueue(store, {
    record: (record) => {
      const { next } = record;
      return store.queue.record(
        next.kind === 'settled' ? record : { ...record, next: { ...next, dueAt: 1 } },
      );
    },
  });

/** Contents come out of the queue with a byte changed. */
export const garblesPayloads: Sabotage = (store) =>
  withQueue(store, {
    takeFresh: async (lane, options) => {
      const taken = await store.queue.takeFresh(lane, options);
      const garbled = (content: Uint8Array) => Uint8Array.from(content, (byte) => byte ^ 1);
      return {
        ...taken,
        rows: taken.rows.map((row) => ({ ...row, content: row.content && garbled(row.content) })),
      };
    },
  });

/** Failures leave no mark on an endpoint's health over a restart. */
export const forgetsHealth: Sabotage = (store) =>
  withQueue(store, {
    record: (record) => store.queue.record({ ...record, health: record.health && { value: null } }),
    lanes: async (...page) => (await store.queue.lanes(...page)).map((lane) => ({ ...lane, health: null })),
    readHealth: async () => null,
  });

function withQueue(store: Storage, over: Partial<Storage['queue']>): Storage {
  const queue = Object.create(store.queue) as Storage['queue'];
  return { ...store, queue: Object.assign(queue, over) };
}
