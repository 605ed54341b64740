/** The people's servers: what each does with a request, by its plan, the time, and dice of its own. */
import { answers, fails, hangs, type Reaction } from '../support/scripted-wire.ts';
import type { SeededDice } from '../support/seeded-dice.ts';
import type { ReceiverPlan } from './scenario.ts';

/** A flapping receiver is well and ill by turns of this length. */
const FLAP_MS = 7_000;

export class Receiver {
  readonly #plan: ReceiverPlan;
  readonly #dice: SeededDice;
  readonly #startedAt: number;

  constructor(plan: ReceiverPlan, dice: SeededDice, startedAt: number) {
    this.#plan = plan;
    this.#dice = dice;
    this.#startedAt = startedAt;
  }

  react(now: number): Reaction {
    const sinceMs = now - this.#startedAt;
    const [low, high] = this.#plan.latencyMs;
    const afterMs = this.#dice.between(low, high);
    const healed = this.#plan.healsAfterMs !== null && sinceMs >= this.#plan.healsAfterMs;
    return healed ? answers(200, { afterMs }) : this.#illness(sinceMs, afterMs);
  }

  #illness(sinceMs: number, afterMs: number): Reaction {
    const dice = this.#dice;
    switch (this.#plan.kind) {
      case 'healthy':
        return answers(dice.pick([200, 201, 204]), { afterMs });
      case 'slow':
        return answers(200, { afterMs: afterMs * dice.between(5, 40) });
      case 'erratic':
        return dice.chance(0.5) ? answers(200, { afterMs }) : this.#someFailure(afterMs);
      case 'flapping':
        return Math.floor(sinceMs / FLAP_MS) % 2 === 0
          ? answers(500, { afterMs })
          : answers(200, { afterMs });
      case 'dead':
        return answers(500, { afterMs, body: 'broken' });
      case 'refusing':
        return fails('unreachable', afterMs);
      case 'hanging':
        return hangs();
      case 'throttling':
        return dice.chance(0.4)
          ? answers(200, { afterMs })
          : answers(429, { afterMs, retryAfter: String(dice.pick([1, 7, 120])) });
      case 'gone':
        return dice.chance(0.7) ? answers(500, { afterMs }) : answers(410, { afterMs });
    }
  }

  #someFailure(afterMs: number): Reaction {
    const dice = this.#dice;
    switch (dice.below(5)) {
      case 0:
        return hangs();
      case 1:
        return fails('tls-failed', afterMs);
      case 2:
        return answers(302, { afterMs });
      case 3:
        return answers(503, { afterMs, ...(dice.chance(0.5) ? { retryAfter: '3' } : {}) });
      default:
        return answers(400, { afterMs, body: 'no' });
    }
  }
}
