/** Tells who waits for received events that one was stored on this node. What other nodes take is found by looking. */
import type { OrganizationId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';

export class Arrivals {
  readonly #clock: Clock;
  readonly #waiting = new Map<OrganizationId, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  rang(organization: OrganizationId): void {
    const waiting = this.#waiting.get(organization);
    if (waiting === undefined) return;
    this.#waiting.delete(organization);
    for (const wake of waiting) wake();
  }

  /** Until the organization's next event, for `ms` at the most, or until it is aborted. Never rejects. */
  wait(organization: OrganizationId, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(organization) ?? new Set();
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(organization) === waiting)
          this.#waiting.delete(organization);
        resolve();
      };
      const cancel = this.#clock.after(ms, wake);
      signal.addEventListener('abort', wake);
      this.#waiting.set(organization, waiting.add(wake));
    });
  }
}
