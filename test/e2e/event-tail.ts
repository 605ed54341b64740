/** One who follows received events as a browser does: comes back with the last id that it saw. */
export class EventTail implements AsyncDisposable {
  /** Ids of events in the order in which they came. */
  readonly seen: string[] = [];
  readonly #query: string;
  readonly #token: string;
  #lastId: string | null = null;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(query: string, token: string) {
    this.#query = query;
    this.#token = token;
  }

  /** At this server; resolves when it says where it begins. */
  async open(url: string): Promise<void> {
    await this.close();
    this.#stopping = new AbortController();
    const response = await fetch(`${url}/api/v1/event/tail?${this.#query}`, {
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(this.#lastId === null ? {} : { 'last-event-id': this.#lastId }),
      },
      signal: this.#stopping.signal,
    });
    if (!response.ok) throw new Error(`The tail was answered with ${response.status}.`);
    const begun = Promise.withResolvers<void>();
    this.#running = this.#follow(response, begun.resolve);
    await begun.promise;
  }

  /** Resolves when the connection has ended, from either side. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #follow({ body }: Response, began: () => void): Promise<void> {
    let text = '';
    try {
      for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
        const parts = (text + chunk).split('\n\n');
        text = parts.pop()!;
        for (const part of parts) this.#hear(part);
        began();
      }
    } catch {
      // The server was killed, or we have had enough: what had not come whole comes again.
    }
    began();
  }

  #hear(part: string): void {
    const lines = part.split('\n');
    const of = (name: string): string | undefined =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const [id, data] = [of('id'), of('data')];
    if (id !== undefined) this.#lastId = id;
    if (of('event') === undefined && data !== undefined) this.seen.push(JSON.parse(data).id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
