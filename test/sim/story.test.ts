import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ordering } from '../../src/core/catalog/resources.ts';
import type { EventId } from '../../src/core/ids.ts';
import {
  acceptanceOf,
  enterNewWorld,
  eventOf,
  newDestinationId,
  recordOf,
} from '../../src/storage/conformance/samples.ts';
import type { Check } from './checks/check.ts';
import { inOrder } from './checks/in-order.ts';
import { notSentAgain } from './checks/not-sent-again.ts';
import type { EndpointFacts, SendFact } from './facts.ts';
import { Journal } from './journal.ts';
import { makeScenario } from './scenario.ts';
import { tellStories } from './story.ts';

const BLOCKING: Ordering = { scope: 'endpoint', onFailure: 'block' };
const PASSING: Ordering = { scope: 'endpoint', onFailure: 'skip' };

for (const ordering of [BLOCKING, PASSING]) {
  test(`in a line with ${ordering.onFailure}, what was canceled before is passed, even if it is replayed later`, () => {
    const run = new TinyRun(ordering);
    const [ahead, behind] = [run.accept(), run.accept()];
    run.cancel(ahead);
    run.attempt(behind);
    run.replay(ahead);
    run.attempt(ahead);
    assert.deepEqual(run.complaints(inOrder), []);
  });

  test(`in a line with ${ordering.onFailure}, what is canceled only afterwards must not be passed`, () => {
    const run = new TinyRun(ordering);
    const [ahead, behind] = [run.accept(), run.accept()];
    run.attempt(behind);
    run.cancel(ahead);
    run.replay(ahead);
    run.attempt(ahead);
    assert.deepEqual(run.complaints(inOrder), ['order holds where it is promised']);
  });
}

test('what is canceled while its request is under way holds its line no longer', () => {
  const run = new TinyRun(BLOCKING);
  const [ahead, behind] = [run.accept(), run.accept()];
  const endless = run.send(ahead);
  run.cancel(ahead);
  run.attempt(behind);
  run.answer(endless);
  assert.deepEqual(run.complaints(inOrder), []);
});

test('another delivery’s cancellation lets nobody pass a request that is under way', () => {
  const run = new TinyRun(BLOCKING);
  const [ahead, behind, other] = [run.accept(), run.accept(), run.accept()];
  const endless = run.send(ahead);
  run.cancel(other);
  run.attempt(behind);
  run.answer(endless);
  assert.deepEqual(run.complaints(inOrder), [
    'a line has one request under way',
    'order holds where it is promised',
  ]);
});

test('what was canceled is not sent until somebody asks for it again', () => {
  const run = new TinyRun(PASSING);
  const event = run.accept();
  run.cancel(event);
  run.replay(event);
  run.attempt(event);
  assert.deepEqual(run.complaints(notSentAgain), []);
  run.attempt(event);
  assert.deepEqual(run.complaints(notSentAgain), ['a settled delivery is not sent again']);

  const refused = run.accept();
  run.cancel(refused);
  run.attempt(refused);
  assert.deepEqual(run.complaints(notSentAgain), [
    'a settled delivery is not sent again',
    'a settled delivery is not sent again',
  ]);
});

type Accepted = { readonly event: ReturnType<typeof eventOf>; readonly seq: number };

/** One endpoint and its facts, told by hand as the store and the network would. */
class TinyRun {
  readonly #journal = new Journal(() => 1_900_000_000_000);
  readonly #endpoint: EndpointFacts;
  #seq = 0;

  constructor(ordering: Ordering) {
    enterNewWorld();
    const plan = { ...makeScenario(1).endpoints[0]!, ordering };
    const { organization } = acceptanceOf([]);
    const id = newDestinationId();
    this.#endpoint = { index: 0, plan, organization, id, host: 'e0.sim.test', forms: [] };
    this.#journal.facts.endpoints.push(this.#endpoint);
  }

  accept(): Accepted {
    const event = eventOf();
    const seq = ++this.#seq;
    this.#write('intake.accept', [acceptanceOf([this.#endpoint.id], event)], { kind: 'accepted', seq });
    return { event, seq };
  }

  /** A request, its answer and its record. */
  attempt(accepted: Accepted): void {
    const send = this.send(accepted);
    this.answer(send);
    const { at, outcome } = send;
    const made = { startedAt: at, durationMs: outcome!.durationMs };
    this.#write(
      'queue.record',
      [recordOf(accepted, { ...made, destinationId: this.#endpoint.id })],
      undefined,
    );
  }

  send({ event }: Accepted): SendFact {
    const send: SendFact = {
      ...this.#journal.moment(),
      endpoint: 0,
      sentAt: 1_900_000_000_000,
      tenure: null,
      eventId: event.id,
      url: new URL('http://e0.sim.test/v1'),
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 1_000,
      ended: null,
      outcome: null,
    };
    this.#journal.facts.sends.push(send);
    return send;
  }

  answer(send: SendFact): void {
    send.ended = this.#journal.moment();
    send.outcome = {
      kind: 'answered',
      statusCode: 200,
      body: new Uint8Array(),
      retryAfter: undefined,
      durationMs: 0,
    };
  }

  cancel({ event }: Accepted): void {
    this.#write('queue.cancel', [this.#lane(), { eventId: event.id as EventId }], 1);
  }

  replay({ event, seq }: Accepted): void {
    const entry = { eventId: event.id, destinationId: this.#endpoint.id, trigger: 'scheduled', dueAt: 0 };
    this.#write('queue.enqueue', [this.#endpoint.organization, [entry]], [{ kind: 'queued', seq }]);
  }

  complaints(check: Check): string[] {
    const { facts } = this.#journal;
    const final = { states: new Map(), attempts: new Map() };
    const evidence = { scenario: makeScenario(1), startedAt: 0, facts, stories: tellStories(facts), final };
    return check(evidence).map(({ promise }) => promise);
  }

  #lane() {
    return { organization: this.#endpoint.organization, destinationId: this.#endpoint.id };
  }

  #write(name: string, args: readonly unknown[], result: unknown): void {
    const call = { name, args };
    this.#journal.committed(call, result);
    this.#journal.told(call);
  }
}
