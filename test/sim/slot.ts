/** A place where an engine runs, one life after the other: a node of the cluster, or the one process there is. */
import type { Journal } from './journal.ts';
import { Life, type LifeParts, type Place } from './life.ts';

const STOP_DEADLINE_MS = 5_000;

export interface SlotParts
  extends Pick<LifeParts, 'scenario' | 'clock' | 'dice' | 'aheadMs' | 'receivers' | 'mayFail'> {
  readonly index: number;
  /** Of the next life. */
  readonly newJournal: () => Journal;
  readonly open: (...life: Parameters<LifeParts['open']>) => Place;
  /** A life can be talked to. */
  readonly isUp: () => void;
  /** Ends the run when it rejects. */
  readonly guard: (work: Promise<void>) => void;
}

export class Slot {
  /** The latest life, and the one that people can talk to. */
  life: Life | null = null;
  #up: Life | null = null;
  readonly #parts: SlotParts;
  #journal: Journal | null = null;

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** null = nobody can talk to it now. */
  get up(): Life | null {
    return this.#up === null || this.#up.isDead || this.#up.clock.isPaused ? null : this.#up;
  }

  /** It works, or was never started. */
  get isAtRest(): boolean {
    return this.life === null || (this.life === this.up && this.life.wire.inFlight === 0);
  }

  async start(): Promise<void> {
    const { scenario, clock, dice, aheadMs, receivers, mayFail, open } = this.#parts;
    const journal = this.#parts.newJournal();
    journal.line('the process starts');
    const life = new Life({
      ...{ scenario, clock, dice, aheadMs, receivers, mayFail, open, journal },
      onDeath: () => this.#startLater(),
    });
    this.#journal = journal;
    this.life = life;
    try {
      const started = await Promise.race([life.engine.start().then(() => 'started' as const), life.death]);
      if (started === 'died') return;
    } catch (cause) {
      // A process that cannot start ends, and is started again.
      journal.line(`start: ${cause instanceof Error ? cause.message : String(cause)}`);
      life.kill();
      return;
    }
    this.#up = life;
    this.#parts.isUp();
  }

  kill(): void {
    this.life?.kill();
  }

  /** An orderly stop; what it has left running ends with the process. */
  async restart(life: Life): Promise<void> {
    this.#journal!.line('the process stops');
    await Promise.race([life.engine.stop(STOP_DEADLINE_MS), life.death]);
    if (!life.isDead) life.kill();
  }

  /** As SIGSTOP, and SIGCONT when the time is over. */
  pause(ms: number): void {
    const { life } = this;
    if (life === null || life.isDead || life.clock.isPaused) return;
    const journal = this.#journal!;
    journal.line(`the process is paused for ${ms} ms`);
    life.clock.pause();
    this.#parts.clock.after(ms, () => {
      if (life.isDead) return;
      journal.line('the process goes on');
      life.clock.resume();
      if (life === this.#up) this.#parts.isUp();
    });
  }

  /** True when the engine stopped within its deadline. */
  async close(): Promise<boolean> {
    const { life } = this;
    if (life === null || life.isDead) return true;
    let stopped = false;
    const stopping = life.engine.stop(STOP_DEADLINE_MS).then(() => {
      stopped = true;
    });
    await this.#parts.clock.advance(STOP_DEADLINE_MS + 1);
    if (stopped) await stopping;
    life.clock.kill();
    return stopped;
  }

  #startLater(): void {
    const { clock, dice, scenario, guard } = this.#parts;
    const [low, high] = scenario.faults.restartMs;
    clock.after(dice.between(low, high), () => guard(this.start()));
  }
}
