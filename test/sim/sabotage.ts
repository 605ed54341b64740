/** Stores that break a promise on purpose, so that a test can see that the checks notice. */
import type { Storage } from '../../src/ports/storage.ts';

export type Sabotage = (store: Storage) => Storage;

/** Every third event loses one of its deliveries. */
export const dropsDeliveries: Sabotage = (store) => {
  let accepted = 0;
  return {
    ...store,
    intake: {
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
      if (++recorded % 4 !== 0) await store.queue.record(record);
    },
  });
};

/** Keys of idempotent requests are not kept. */
export const forgetsKeys: Sabotage = (store) => ({
  ...store,
  intake: { accept: (acceptance) => store.intake.accept({ ...acceptance, idempotency: null }) },
});

/** A line is handed out newest first. */
export const turnsLinesAround: Sabotage = (store) =>
  withQueue(store, {
    takeInOrder: async (lane, options) => {
      const rows = await store.queue.takeInOrder(lane, options);
      const seqs = rows.map(({ seq }) => seq);
      return rows.toReversed().map((row, index) => ({ ...row, seq: seqs[index]! }));
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
    takeFresh: async (lane, options) =>
      (await store.queue.takeFresh(lane, options)).map((row) => ({
        ...row,
        content: row.content && Uint8Array.from(row.content, (byte) => byte ^ 1),
      })),
  });

/** Failures leave no mark on an endpoint's health over a restart. */
export const forgetsHealth: Sabotage = (store) =>
  withQueue(store, {
    record: (record) => store.queue.record({ ...record, health: record.health && { value: null } }),
    lanes: async (after, limit) =>
      (await store.queue.lanes(after, limit)).map((lane) => ({ ...lane, health: null })),
    readHealth: async () => null,
  });

function withQueue(store: Storage, over: Partial<Storage['queue']>): Storage {
  const queue = Object.create(store.queue) as Storage['queue'];
  return { ...store, queue: Object.assign(queue, over) };
}
