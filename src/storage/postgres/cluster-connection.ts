/**
 * The cluster's own connection. It hears notices, and runs what membership and wakes ask, so that neither waits behind
 * slow reads. Every statement is a transaction by itself, since several callers share the session. One that is not
 * answered in time closes the connection; as membership asks all the time, that finds every broken one.
 */
import pg from 'pg';
import type { Connections } from './connection.ts';
import { breaksConnection } from './errors.ts';

/** Twice that is less than a lease: one lost packet must not end a membership. */
const ANSWER_MS = 1_200;

export interface Statement {
  /** Prepared once per connection under this name; not said: each time. */
  readonly name?: string;
  readonly text: string;
}

export interface ClusterConnectionOptions {
  readonly connections: Pick<Connections, 'dedicated'>;
  /** Its application_name. */
  readonly tag: string;
  readonly heard: (payload: string) => void;
  /** It closed without our doing. */
  readonly closed: () => void;
}

export class ClusterConnection {
  readonly #options: ClusterConnectionOptions;
  #client: pg.Client | null = null;

  constructor(options: ClusterConnectionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#client !== null;
  }

  /** Connects and listens. Rejects with the driver's error. */
  async open(): Promise<void> {
    const { connections, tag, heard } = this.#options;
    const client = await connections.dedicated(tag);
    client.on('notification', ({ payload = '' }) => heard(payload));
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    try {
      const [row] = (await ask(client, { text: 'SELECT posthorn_channel() AS channel' }, [])).rows;
      await ask(client, { text: `LISTEN ${pg.escapeIdentifier(row!.channel as string)}` }, []);
    } catch (cause) {
      void client.end().catch(() => {});
      throw cause;
    }
    this.#client = client;
  }

  /** Rejects with the driver's error. */
  async query<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const client = this.#client;
    if (client === null) throw new Error('Connection terminated');
    try {
      return (await ask(client, statement, values)).rows as Row[];
    } catch (cause) {
      if (breaksConnection(cause)) this.#drop(client);
      throw cause;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  #drop(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    // Closes the socket at once when an answer is still outstanding.
    void client.end().catch(() => {});
    this.#options.closed();
  }
}

function ask(client: pg.Client, statement: Statement, values: readonly unknown[]): Promise<pg.QueryResult> {
  return client.query({
    ...statement,
    values: values as unknown[],
    query_timeout: ANSWER_MS,
  } as pg.QueryConfig);
}
