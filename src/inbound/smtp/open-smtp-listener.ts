/**
 * The node's mail port: takes mail for its mailboxes and for nothing else, and answers 250 only when it is stored.
 *
 *   connect ──► MAIL ──► RCPT: whose mailbox? ──► DATA ──► check the sender ──► take ──► 250 with the event's id
 *                          └──► 550 unknown                                      └──► 451: the sender tries again
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { Clock } from '../../ports/clock.ts';
import type { InboundDirectory } from '../../ports/inbound.ts';
import type { Log } from '../../ports/log.ts';
import type { DnsQuery } from '../mail/check-sender.ts';
import { HeldBytes, readMessage } from './read-message.ts';
import {
  CLOSING,
  Refusal,
  type Reply,
  SENDER_REFUSED,
  TOO_MANY_COMMANDS,
  TOO_MANY_CONNECTIONS,
  TOO_MANY_UNKNOWN,
  TOO_SLOW,
  TRY_LATER,
  tooLarge,
  UNKNOWN_MAILBOX,
} from './reply.ts';
import { mayWrite, smtpSettings } from './settings.ts';
import { SMTP_LIMITS, type SmtpLimits } from './smtp-limits.ts';
import { takeMessage } from './take-message.ts';
import { type Visit, Visits } from './visits.ts';

export interface SmtpListenerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** PEM; STARTTLS is offered with it. null = plain only. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly directory: InboundDirectory;
  readonly dns: DnsQuery;
  readonly clock: Clock;
  readonly log: Log;
  /** What the server calls itself: a host name. */
  readonly name: string;
  readonly limits?: Partial<SmtpLimits>;
}

export interface SmtpListener {
  readonly port: number;
  /** Takes no more, waits a moment for messages that are being received and stored, closes. */
  close(): Promise<void>;
}

/** No relay and nothing else that mail servers may offer: no accounts, no questions, no wizards. */
const DISABLED = ['AUTH', 'VRFY', 'EXPN', 'HELP', 'WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD'];

/** Rejects when it cannot listen there, or the certificate cannot be used. */
export async function openSmtpListener(options: SmtpListenerOptions): Promise<SmtpListener> {
  const door = new Door(options);
  return door.open(options.listen);
}

class Door {
  readonly #options: SmtpListenerOptions;
  readonly #limits: SmtpLimits;
  readonly #visits: Visits;
  readonly #held: HeldBytes;
  readonly #server: SMTPServer;
  readonly #sockets = new Set<Socket>();
  readonly #taking = new Set<Promise<void>>();

  constructor(options: SmtpListenerOptions) {
    this.#options = options;
    this.#limits = { ...SMTP_LIMITS, ...options.limits };
    this.#held = new HeldBytes(this.#limits.heldBytesMax);
    this.#visits = new Visits(options.clock, this.#limits, (id) => this.#cut(id, TOO_SLOW));
    this.#server = new SMTPServer(this.#serverOptions());
    this.#server.on('error', (cause) => {
      options.log.info('smtp.connection-failed', { reason: (cause as Error).message });
    });
    this.#server.server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async open({ host, port }: SmtpListenerOptions['listen']): Promise<SmtpListener> {
    const { server } = this.#server;
    this.#server.listen(port, host);
    await once(server, 'listening');
    const { port: bound } = server.address() as { port: number };
    return { port: bound, close: () => this.#close() };
  }

  #serverOptions(): SMTPServerOptions {
    const { tls, name } = this.#options;
    const limits = this.#limits;
    return {
      name,
      banner: 'Posthorn',
      heloResponse: '%s',
      ...tls,
      disabledCommands: tls === null ? [...DISABLED, 'STARTTLS'] : DISABLED,
      disableReverseLookup: true,
      authOptional: true,
      size: limits.messageBytesMax,
      maxRecipients: limits.recipientsMax,
      maxClients: limits.connectionsMax,
      maxCommandLength: limits.commandBytesMax,
      socketTimeout: limits.idleMs,
      closeTimeout: limits.closeMs,
      // Node would answer a stranger's mistakes on stderr. The debug line of each command is where they are counted.
      logger: { ...SILENT, debug: (entry: object) => this.#count(entry) } as never,
      onConnect: (session, done) => this.#enter(session, done),
      onClose: (session) => this.#visits.leave(session.id),
      onMailFrom: (_address, session, done) => {
        this.#visits.get(session.id)?.mailboxes.clear();
        done();
      },
      onRcptTo: ({ address }, session, done) => {
        void this.#recipient(address, session).then((reply) => done(reply && new Refusal(reply)));
      },
      onData: (stream, session, done) => {
        const work = this.#receive(stream, session).then((reply) => {
          if (reply.code === 250) done(null, reply.text);
          else done(new Refusal(reply));
        });
        this.#taking.add(work);
        void work.finally(() => this.#taking.delete(work));
      },
    };
  }

  #enter({ id, remoteAddress }: SMTPServerSession, done: (refusal?: Error) => void): void {
    if (this.#visits.enter(id, remoteAddress) === null) done(new Refusal(TOO_MANY_CONNECTIONS));
    else done();
  }

  #count(entry: object): void {
    const { tnx, cid } = entry as { tnx?: string; cid?: string };
    if (tnx !== 'command' || cid === undefined) return;
    const visit = this.#visits.get(cid);
    if (visit === undefined || ++visit.commands <= this.#limits.commandsMax) return;
    this.#cut(cid, TOO_MANY_COMMANDS);
  }

  /** null = it is taken. */
  async #recipient(address: string, session: SMTPServerSession): Promise<Reply | null> {
    const visit = this.#visits.get(session.id);
    if (visit === undefined) return TRY_LATER;
    try {
      const found = await this.#options.directory.mailbox(address);
      if (found === null) return this.#unknown(visit);
      const { host, tag } = found;
      const settings = smtpSettings(host.input);
      const { mailFrom } = session.envelope;
      if (mailFrom && !mayWrite(settings, mailFrom.address)) return SENDER_REFUSED;
      const args = mailFrom ? mailFrom.args : false;
      const size = args ? Number(args.SIZE ?? 0) : 0;
      const { bodyBytesMax } = host.source;
      if (bodyBytesMax !== null && size > bodyBytesMax) return tooLarge(bodyBytesMax);
      visit.mailboxes.set(address, { host, settings, tag, address });
      return null;
    } catch (cause) {
      this.#options.log.warn('smtp.mailbox-not-read', { reason: String(cause) });
      return TRY_LATER;
    }
  }

  /** Guessing addresses ends soon. */
  #unknown(visit: Visit): Reply {
    visit.unknownMailboxes += 1;
    return visit.unknownMailboxes < this.#limits.unknownMailboxesMax ? UNKNOWN_MAILBOX : TOO_MANY_UNKNOWN;
  }

  /** Never rejects: what goes wrong is to be tried again. */
  async #receive(stream: AsyncIterable<Buffer>, session: SMTPServerSession): Promise<Reply> {
    const { id } = session;
    const visit = this.#visits.get(id);
    if (visit === undefined) return TRY_LATER;
    visit.isBusy = true;
    this.#visits.beginStage(id, visit);
    try {
      const { envelope, remoteAddress, hostNameAppearsAs, tlsOptions } = session;
      const bytesMax = this.#limits.messageBytesMax;
      const cut = (reply: Reply): void => this.#cut(id, reply);
      const { read, release } = await readMessage(stream, { bytesMax, held: this.#held, cut });
      visit.cancel();
      if (!Buffer.isBuffer(read)) return read;
      const parts = { ...this.#options, limits: this.#limits };
      const mailboxes = envelope.rcptTo.flatMap(({ address }) => visit.mailboxes.get(address) ?? []);
      const from = envelope.mailFrom ? envelope.mailFrom.address : '';
      const tls = tlsOptions ? tlsOptions.version : null;
      return await takeMessage(
        { message: read, from, mailboxes, helo: hostNameAppearsAs, tls, peer: remoteAddress },
        parts,
      ).finally(release);
    } catch (cause) {
      this.#options.log.info('smtp.message-broken-off', { peer: visit.peer, reason: String(cause) });
      return TRY_LATER;
    } finally {
      visit.isBusy = false;
      visit.commands = 0;
      if (this.#visits.get(id) === visit) this.#visits.beginStage(id, visit);
    }
  }

  #cut(id: string, { code, text }: Reply): void {
    for (const connection of [...this.#server.connections]) {
      if (connection.id !== id) continue;
      connection.send(code, text);
      connection.close();
    }
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(resolve));
    for (const { id } of [...this.#server.connections]) {
      if (this.#visits.get(id)?.isBusy !== true) this.#cut(id, CLOSING);
    }
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(this.#limits.closeMs, resolve);
    });
    await Promise.race([Promise.all(this.#taking), late]);
    cancel();
    for (const { id } of [...this.#server.connections]) this.#cut(id, CLOSING);
    for (const socket of this.#sockets) socket.destroySoon();
    await closed;
  }
}

const ignore = (): void => {};
const SILENT = { level: ignore, trace: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore };
