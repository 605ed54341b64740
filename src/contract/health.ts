/** Health: is the process alive, may it get traffic, and what does it see inside. */
import Type from 'typebox';

const State = Type.Object(
  { status: Type.Union([Type.Literal('ok'), Type.Literal('error')]) },
  { title: 'State' },
);

/** The compatible report. The queue is a table of the database; the cache is memory. */
export const HealthOut = Type.Object({ database: State, queue: State, cache: State }, { title: 'HealthOut' });

export const LiveOut = Type.Object({ status: Type.Literal('ok') }, { title: 'LiveOut' });
export const ReadyOut = Type.Object(
  { status: Type.Union([Type.Literal('ok'), Type.Literal('error')]) },
  { title: 'ReadyOut' },
);

export const DeepHealthOut = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('error')]),
    version: Type.String(),
    store: Type.Object({
      status: Type.Union([Type.Literal('ok'), Type.Literal('error')]),
      engine: Type.Optional(Type.String()),
      schemaVersion: Type.Optional(Type.Integer()),
      bytes: Type.Optional(Type.Integer()),
      unsettledDeliveries: Type.Optional(Type.Integer()),
    }),
    delivery: Type.Object({
      inFlight: Type.Integer(),
      lanes: Type.Integer(),
      lanesBlocked: Type.Integer(),
      heldInMemory: Type.Integer(),
      heldBytes: Type.Integer(),
    }),
  },
  { title: 'DeepHealthOut' },
);
