/** A pause of a loop that somebody else may cut short: also beforehand, while the loop is still at work. */
import type { Clock } from '../../ports/clock.ts';

/** Even a pause that was cut short is so long, so that many reasons to go on make one turn. */
const LEAST_MS = 20;

export class InterruptiblePause {
  readonly #clock: Clock;
  #isCut = false;
  #cutShort: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#isCut = false;
        this.#cutShort = null;
        resolve();
      };
      const cancel = this.#clock.after(this.#isCut ? LEAST_MS : ms, end);
      if (this.#isCut) return;
      this.#cutShort = () => {
        cancel();
        this.#clock.after(LEAST_MS, end);
      };
    });
  }

  cutShort(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#cutShort?.();
  }
}
