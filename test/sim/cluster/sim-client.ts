/**
 * A node's own session with the simulated database, in place of `pg.Client`. What it says, and what it is told, is under
 * way for a while; it breaks, and then what was under way is lost.
 */
import type pg from 'pg';
import type { ProcessClock } from '../../support/fake-clock.ts';
import type { SimDatabase } from './sim-database.ts';

export interface SimClientOptions {
  readonly database: SimDatabase;
  readonly clock: ProcessClock;
  readonly delayMs: () => number;
  readonly losesNotices: boolean;
}

interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly query_timeout: number;
}

export class SimClient {
  readonly #options: SimClientOptions;
  readonly #heard: ((notice: { readonly payload: string }) => void)[] = [];
  readonly #ended: (() => void)[] = [];
  /** Nothing comes through, although it may look open. */
  #isBroken = false;
  #isEnded = false;
  /** Notices keep their order: when the last one arrives. */
  #lastHeardAt = 0;

  constructor(options: SimClientOptions) {
    this.#options = options;
  }

  /** As the driver sees it. */
  asClient(): pg.Client {
    return this as unknown as pg.Client;
  }

  on(event: 'notification' | 'error' | 'end', call: (notice: { readonly payload: string }) => void): void {
    if (event === 'notification') this.#heard.push(call);
    if (event === 'end') this.#ended.push(call as () => void);
  }

  async query({ query_timeout: timeoutMs, ...statement }: Query): Promise<{ rows: readonly unknown[] }> {
    const { database, delayMs } = this.#options;
    await this.#pause(delayMs());
    if (this.#isBroken) return this.#noAnswer(timeoutMs);
    if (statement.text.startsWith('LISTEN')) database.listeners.add(this.#hear);
    const rows = database.run(statement);
    await this.#pause(delayMs());
    if (this.#isBroken) return this.#noAnswer(timeoutMs);
    return { rows };
  }

  async end(): Promise<void> {
    this.#isBroken = true;
    this.#options.database.listeners.delete(this.#hear);
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const tell of this.#ended) tell();
  }

  /** `isSilent`: it is found out when an answer does not come. */
  break(isSilent: boolean): void {
    this.#isBroken = true;
    this.#options.database.listeners.delete(this.#hear);
    if (!isSilent) this.#options.clock.after(0, () => void this.end());
  }

  async #noAnswer(timeoutMs: number): Promise<never> {
    if (!this.#isEnded) await this.#pause(timeoutMs);
    throw new Error(this.#isEnded ? 'Connection terminated' : 'Query read timeout');
  }

  readonly #hear = (payload: string): void => {
    const { clock, delayMs, losesNotices } = this.#options;
    if (losesNotices && payload.startsWith('l')) return;
    this.#lastHeardAt = Math.max(this.#lastHeardAt, clock.now() + delayMs());
    clock.after(this.#lastHeardAt - clock.now(), () => {
      if (!this.#isBroken) for (const tell of this.#heard) tell({ payload });
    });
  };

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }
}
