/** A mail port with mailboxes that note what they are given, and a client that says what it likes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Source } from '../../src/core/catalog/resources.ts';
import { Problem } from '../../src/core/problem.ts';
import type { DnsQuery } from '../../src/inbound/mail/check-sender.ts';
import { openSmtpListener, type SmtpListenerOptions } from '../../src/inbound/smtp/open-smtp-listener.ts';
import type { InboundHost, InboundItem, Taken } from '../../src/ports/inbound.ts';

const REPLY_WITHIN_MS = 10_000;

export interface MailboxRig {
  readonly stored: InboundItem[];
  answer: (item: InboundItem) => Taken | Promise<Taken>;
  input: unknown;
  bodyBytesMax: number | null;
}

export interface SmtpRigOptions {
  readonly tls?: SmtpListenerOptions['tls'];
  readonly limits?: SmtpListenerOptions['limits'];
  readonly dns?: DnsQuery;
}

const noSuchName: DnsQuery = async () => {
  throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
};

export async function smtpRig(
  names: readonly string[],
  { tls = null, limits = {}, dns }: SmtpRigOptions = {},
) {
  const boxes = new Map<string, MailboxRig>();
  for (const name of names) {
    const box: MailboxRig = {
      stored: [],
      input: {},
      bodyBytesMax: null,
      answer: (item) => {
        box.stored.push(item);
        return { kind: 'accepted', eventId: `evt_${name}${box.stored.length}`, reply: null };
      },
    };
    boxes.set(name, box);
  }
  const errors: unknown[] = [];
  let isAway = false;
  const listener = await openSmtpListener({
    listen: { host: '127.0.0.1', port: 0 },
    tls,
    limits,
    dns: dns ?? noSuchName,
    name: 'mx.test',
    log: { info() {}, warn() {}, error: (_event, cause) => errors.push(cause) },
    clock: {
      now: () => Date.now(),
      after(delayMs, fire) {
        const timer = setTimeout(fire, delayMs);
        return () => clearTimeout(timer);
      },
    },
    directory: {
      async mailbox(address) {
        if (isAway) throw new Problem('unavailable', 'The store is away.');
        const [, name = '', tag = null] = /^([^+@]+)(?:\+([^@]+))?@/.exec(address) ?? [];
        const box = boxes.get(name);
        return box === undefined ? null : { host: hostOf(name, box), tag };
      },
    },
  });
  return {
    ...listener,
    errors,
    box: (name: string) => boxes.get(name)!,
    /** The directory cannot be read, or can again. */
    setAway(to: boolean) {
      isAway = to;
    },
    client: () => rawClient(listener.port),
  };
}

function hostOf(name: string, box: MailboxRig): InboundHost {
  return {
    organization: 'org' as InboundHost['organization'],
    source: { id: `src_${name}`, kind: 'smtp', bodyBytesMax: box.bodyBytesMax } as unknown as Source,
    callbackUrl: 'http://localhost/in/token',
    input: box.input,
    take: async (item) => box.answer(item),
    readCursor: async () => null,
    writeCursor: async () => {},
    health() {},
  };
}

export interface RawClient {
  readonly socket: Socket;
  /** Sends a line, if one is given, and gives the next whole reply; '' = the connection was closed. */
  say(line?: string): Promise<string>;
  send(bytes: string | Buffer): void;
}

async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  await once(socket, 'connect');
  const next = async (): Promise<string> => {
    for (const end = Date.now() + REPLY_WITHIN_MS; Date.now() < end; ) {
      const reply = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text)?.[0];
      if (reply !== undefined) {
        text = text.slice(reply.length);
        return reply.trim();
      }
      if (isClosed) return '';
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`no reply within ${REPLY_WITHIN_MS / 1000} s; seen: ${text}`);
  };
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    say(line) {
      if (line !== undefined) socket.write(`${line}\r\n`);
      return next();
    },
  };
}
