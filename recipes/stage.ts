/** What a recipe needs around it: a Posthorn, a receiver for its deliveries, a mail port, a page to be fetched. */

import { INBOUND_KINDS } from '../src/inbound/kinds.ts';
import { openSmtpListener } from '../src/inbound/smtp/open-smtp-listener.ts';
import type { WebRequest } from '../src/ports/web.ts';
import { startPosthorn } from '../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../test/support/receiver.ts';

export interface Stage extends AsyncDisposable {
  /** Of the Posthorn, without a slash at the end. */
  readonly url: string;
  readonly token: string;
  readonly receiver: TestReceiver;
  /** null = it takes no mail. */
  readonly smtp: { readonly host: string; readonly port: number } | null;
  /** Answers of strangers whom Posthorn asks, by URL; null = it asks the real ones. */
  readonly standIns: Map<string, (body: string) => string> | null;
}

/** A Posthorn of one's own. `path`: of its store; in memory unless said. */
export async function openStage(path?: string): Promise<Stage> {
  const standIns: NonNullable<Stage['standIns']> = new Map();
  const receiver = await startReceiver();
  const posthorn = await startPosthorn({
    ...(path !== undefined && { path }),
    inboundKinds: (parts) =>
      INBOUND_KINDS.map((make) =>
        make({ ...parts, userAgent: 'Posthorn-Recipes', publicUrl: 'http://127.0.0.1' }),
      ),
    web: (real) => ({
      ask: async (request) => standIn(standIns, request) ?? real.ask(request),
      resolve: (host) => real.resolve(host),
      close: () => real.close(),
    }),
  });
  const listener = await openSmtpListener({
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    directory: posthorn.engine.mailboxes,
    dns: async () => [],
    clock: posthorn.clock,
    log: { info() {}, warn() {}, error() {} },
    name: 'mx.test',
  });
  return {
    url: posthorn.url,
    token: posthorn.token,
    receiver,
    smtp: { host: '127.0.0.1', port: listener.port },
    standIns,
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      await posthorn.stop();
      await receiver.stop();
    },
  };
}

/** A Posthorn that runs already. */
export async function joinStage(options: Pick<Stage, 'url' | 'token' | 'smtp'>): Promise<Stage> {
  const receiver = await startReceiver();
  return { ...options, receiver, standIns: null, [Symbol.asyncDispose]: () => receiver.stop() };
}

function standIn(standIns: NonNullable<Stage['standIns']>, { url, body }: WebRequest) {
  const answer = standIns.get(url)?.(Buffer.from(body ?? []).toString());
  if (answer === undefined) return null;
  return { kind: 'answered', status: 200, headers: {}, body: Buffer.from(answer), url } as const;
}
