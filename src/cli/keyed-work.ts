interface Entry {
  readonly key: string | null;
  readonly work: () => Promise<void>;
}

/** Does things in order, at most so many at once, and of one key never two at once. */
export class KeyedWork {
  readonly #concurrency: number;
  readonly #waiting: Entry[] = [];
  readonly #keys = new Set<string>();
  #running = 0;
  #failure: unknown;
  #wake: (() => void)[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Resolves when there is room for more. null as key: in no order with others. Throws what the work threw. */
  async add(key: string | null, work: () => Promise<void>): Promise<void> {
    this.#waiting.push({ key, work });
    this.#start();
    await this.#until(() => this.#waiting.length < this.#concurrency);
  }

  /** Resolves when nothing is left. Throws what the work threw. */
  async idle(): Promise<void> {
    await this.#until(() => this.#running + this.#waiting.length === 0);
  }

  /** Begins nothing more. */
  stop(): void {
    this.#waiting.length = 0;
    this.#tell();
  }

  #start(): void {
    while (this.#running < this.#concurrency) {
      const at = this.#waiting.findIndex(({ key }) => key === null || !this.#keys.has(key));
      if (at < 0) return;
      const [{ key, work }] = this.#waiting.splice(at, 1) as [Entry];
      if (key !== null) this.#keys.add(key);
      this.#running++;
      void work()
        .catch((cause: unknown) => {
          this.#failure ??= cause ?? new Error('the work failed');
        })
        .finally(() => {
          if (key !== null) this.#keys.delete(key);
          this.#running--;
          this.#start();
          this.#tell();
        });
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    while (this.#failure === undefined && !holds())
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }
}
