/** The columns of a batch, each one array, in the order in which `posthorn_write_1` takes them (functions/write.ts). */
import type { Health } from '../../core/delivery/health.ts';
import { circuitCode } from '../sql/codes.ts';
import type { AcceptOp, RecordOp } from '../sql/write-op.ts';
import { byteas, int2s, int4s, int8s, texts } from './sql-array.ts';

type Nullable = (number | null)[];

export class RecordColumns {
  readonly lane: number[] = [];
  readonly #seq: number[] = [];
  readonly #trigger: number[] = [];
  readonly #scope: Nullable = [];
  readonly #day: number[] = [];
  readonly #id: string[] = [];
  readonly #url: string[] = [];
  readonly #outcome: number[] = [];
  readonly #statusCode: number[] = [];
  readonly #duration: number[] = [];
  readonly #started: number[] = [];
  readonly #number: number[] = [];
  readonly #status: number[] = [];
  readonly #next: Nullable = [];
  readonly #due: number[] = [];
  readonly #attempts: number[] = [];
  readonly #at: number[] = [];
  readonly #length: number[] = [];

  add(op: RecordOp, of: { laneNo: number; scopeNo: number | null; day: number; at: number }): void {
    this.lane.push(of.laneNo);
    this.#seq.push(op.seq);
    this.#trigger.push(op.trigger);
    this.#scope.push(of.scopeNo);
    this.#day.push(of.day);
    this.#id.push(op.id);
    this.#url.push(op.url);
    this.#outcome.push(op.outcome);
    this.#statusCode.push(op.statusCode);
    this.#duration.push(op.durationMs);
    this.#started.push(op.startedAt);
    this.#number.push(op.number);
    this.#status.push(op.status);
    this.#next.push(op.nextAttemptAt);
    this.#due.push(op.dueAt);
    this.#attempts.push(op.attempts);
    this.#at.push(of.at);
    this.#length.push(op.response?.byteLength ?? -1);
  }

  values(): readonly Buffer[] {
    return [
      int8s(this.lane),
      int8s(this.#seq),
      int2s(this.#trigger),
      int8s(this.#scope),
      int4s(this.#day),
      texts(this.#id),
      texts(this.#url),
      int2s(this.#outcome),
      int4s(this.#statusCode),
      int8s(this.#duration),
      int8s(this.#started),
      int4s(this.#number),
      int2s(this.#status),
      int8s(this.#next),
      int8s(this.#due),
      int4s(this.#attempts),
      int4s(this.#at),
      int4s(this.#length),
    ];
  }
}

export class HealthColumns {
  readonly #record: number[] = [];
  readonly #health: (Health | null)[] = [];

  add(recordNumber: number, health: Health | null): void {
    this.#record.push(recordNumber);
    this.#health.push(health);
  }

  values(): readonly Buffer[] {
    return [int4s(this.#record), ...healthColumns(this.#health)];
  }
}

/** failures, since, circuit, probe, delay, throttled; null = healthy. */
export function healthColumns(healths: readonly (Health | null)[]): readonly Buffer[] {
  const column = (of: (health: Health) => number) =>
    healths.map((health) => (health === null ? null : of(health)));
  return [
    int4s(column((health) => health.failuresInRow)),
    int8s(column((health) => health.failingSince)),
    int2s(column((health) => circuitCode(health.circuit))),
    int8s(column((health) => health.probeAt)),
    int8s(column((health) => health.probeDelayMs)),
    int8s(column((health) => health.throttledUntil)),
  ];
}

interface EventPlace {
  readonly recordNumber: number;
  readonly organizationNo: number;
  readonly scopeNo: number;
  readonly typeNo: number;
  readonly day: number;
  readonly at: number;
}

export class EventColumns {
  readonly #record: number[] = [];
  readonly #organization: number[] = [];
  readonly #version: number[] = [];
  readonly #scope: number[] = [];
  readonly #day: number[] = [];
  readonly id: string[] = [];
  readonly #type: number[] = [];
  readonly #eventId: (string | null)[] = [];
  readonly #accepted: number[] = [];
  readonly #expires: number[] = [];
  readonly #more: (string | null)[] = [];
  readonly #at: number[] = [];
  readonly #length: number[] = [];
  readonly #outbox: Nullable = [];

  add(op: AcceptOp, place: EventPlace): void {
    this.#record.push(place.recordNumber);
    this.#organization.push(place.organizationNo);
    this.#version.push(op.catalogVersion ?? -1);
    this.#scope.push(place.scopeNo);
    this.#day.push(place.day);
    this.id.push(op.id);
    this.#type.push(place.typeNo);
    this.#eventId.push(op.eventId);
    this.#accepted.push(op.acceptedAt);
    this.#expires.push(op.contentExpiresAt);
    this.#more.push(op.more);
    this.#at.push(place.at);
    this.#length.push(op.content.byteLength);
    this.#outbox.push(op.outboxNo);
  }

  values(): readonly Buffer[] {
    return [
      int4s(this.#record),
      int8s(this.#organization),
      int8s(this.#version),
      int8s(this.#scope),
      int4s(this.#day),
      texts(this.id),
      int8s(this.#type),
      texts(this.#eventId),
      int8s(this.#accepted),
      int8s(this.#expires),
      texts(this.#more),
      int4s(this.#at),
      int4s(this.#length),
      int8s(this.#outbox),
    ];
  }
}

/** Answers of idempotency keys. */
export class AnswerColumns {
  readonly #event: number[] = [];
  readonly #answers: NonNullable<AcceptOp['idempotency']>[] = [];

  add(eventNumber: number, answer: NonNullable<AcceptOp['idempotency']>): void {
    this.#event.push(eventNumber);
    this.#answers.push(answer);
  }

  values(): readonly Buffer[] {
    return [
      int4s(this.#event),
      byteas(this.#answers.map(({ keyHash }) => keyHash)),
      byteas(this.#answers.map(({ bodyHash }) => bodyHash)),
      int4s(this.#answers.map(({ status }) => status)),
      texts(this.#answers.map(({ response }) => response)),
      int8s(this.#answers.map(({ expiresAt }) => expiresAt)),
    ];
  }
}
