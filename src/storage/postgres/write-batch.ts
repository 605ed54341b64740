/** A batch of accepts and records as the parameters of `posthorn_write_1` (functions/write.ts), and what it answers. */
import type { AcceptOp, RecordOp } from '../sql/write-op.ts';
import { dayOf, dayOfId } from './day-of.ts';
import type { NeededDays } from './days.ts';
import type { Known } from './interned.ts';
import { int4s, int8s } from './sql-array.ts';
import { AnswerColumns, EventColumns, HealthColumns, RecordColumns } from './write-columns.ts';

const PARAMETERS = 52;
export const WRITE_BATCH = `SELECT * FROM posthorn_write_1(${Array.from(
  { length: PARAMETERS },
  (_, i) => `$${i + 1}`,
).join(', ')})`;

export interface WriteAnswer {
  readonly fenced: boolean;
  /** The seq of the first event. */
  readonly base: number;
  readonly refusals: readonly WriteRefusal[];
  readonly orgs: readonly number[] | null;
  readonly versions: readonly number[] | null;
}

/** Of the event with the number `k`. */
export type WriteRefusal = { readonly k: number } & (
  | { readonly kind: 'undecided' | 'taken-out' | 'key-reused' }
  | { readonly kind: 'stale'; readonly version: number }
  | { readonly kind: 'duplicate'; readonly id: string }
  | { readonly kind: 'replayed'; readonly status: number; readonly response: string }
);

export interface WriteOptions {
  /** Of the node whose attempts are recorded. */
  readonly epoch: number;
  readonly now: number;
  readonly isCareful: boolean;
}

export class WriteBatch {
  readonly #known: Known;
  readonly #records = new RecordColumns();
  readonly #healths = new HealthColumns();
  readonly #events = new EventColumns();
  readonly #answers = new AnswerColumns();
  readonly #deliveries = { event: [] as number[], lane: [] as number[], due: [] as number[] };
  readonly #bytes: Uint8Array[] = [];
  #length = 0;
  readonly days = {
    event: new Set<number>(),
    content: new Set<number>(),
    attempt: new Set<number>(),
  } satisfies NeededDays;

  /** `known` has all names of what is added. */
  constructor(known: Known) {
    this.#known = known;
  }

  record(op: RecordOp): void {
    const lane = this.#known.get(op.organization)!.lanes.get(op.destinationId)!;
    const day = dayOfId(op.id);
    this.days.attempt.add(day);
    this.#records.add(op, { laneNo: lane.no, scopeNo: lane.scopeNo, day, at: this.#put(op.response) });
    const number = this.#records.lane.length;
    if (op.health !== undefined) this.#healths.add(number, op.health.value);
    for (const caused of op.publish) this.accept(caused, number);
  }

  /** The number of the event. `recordNumber`: of the attempt that causes it; 0 = none does. */
  accept(op: AcceptOp, recordNumber = 0): number {
    const organization = this.#known.get(op.organization)!;
    const day = dayOfId(op.id);
    this.days.event.add(day);
    this.days.content.add(dayOf(op.contentExpiresAt));
    this.#events.add(op, {
      recordNumber,
      organizationNo: organization.no,
      scopeNo: organization.scopes.get(op.applicationId)!,
      typeNo: organization.types.get(op.type)!,
      day,
      at: this.#put(op.content),
    });
    const number = this.#events.id.length;
    if (op.idempotency !== null) this.#answers.add(number, op.idempotency);
    for (const destinationId of op.destinations) {
      this.#deliveries.event.push(number);
      this.#deliveries.lane.push(organization.lanes.get(destinationId)!.no);
      this.#deliveries.due.push(op.deliverAt);
    }
    return number;
  }

  get isEmpty(): boolean {
    return this.#records.lane.length + this.#events.id.length === 0;
  }

  values({ epoch, now, isCareful }: WriteOptions): readonly unknown[] {
    const { event, lane, due } = this.#deliveries;
    return [
      epoch,
      now,
      isCareful,
      Buffer.concat(this.#bytes, this.#length),
      ...this.#records.values(),
      ...this.#healths.values(),
      ...this.#events.values(),
      ...this.#answers.values(),
      int4s(event),
      int8s(lane),
      int8s(due),
    ];
  }

  /** Where the bytes begin, counted from 1. */
  #put(bytes: Uint8Array | null): number {
    const at = this.#length + 1;
    if (bytes !== null) {
      this.#bytes.push(bytes);
      this.#length += bytes.byteLength;
    }
    return at;
  }
}
