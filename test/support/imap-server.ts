/** A small IMAP server that does what it is told: one mailbox, and whatever trouble a test wants. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface StoredMail {
  readonly uid: number;
  readonly text: string;
  readonly at: Date;
  flags: string[];
}

export interface ImapServer {
  readonly port: number;
  readonly mails: StoredMail[];
  /** What was moved, with where to. */
  readonly moved: (readonly [text: string, to: string])[];
  /** Commands of all connections, without their tags. */
  readonly said: string[];
  /** Puts a message in and tells who idles. */
  deliver(text: string, at?: Date): void;
  /** Gives all messages new UIDs, in reverse. */
  renumber(): void;
  /** Breaks all connections. */
  cut(): void;
  /** Answers nothing any more, keeps connections. */
  mute(): void;
  /** The commands that are answered NO. */
  readonly refused: Set<string>;
  connections(): number;
  close(): Promise<void>;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export async function startImapServer({ secret = 'secret', hasIdle = true } = {}): Promise<ImapServer> {
  const sockets = new Set<Socket>();
  const idlers = new Set<Socket>();
  const state = { uidValidity: 1, uidNext: 1, isMute: false };
  const mails: StoredMail[] = [];
  const capability = `IMAP4rev1 UIDPLUS MOVE AUTH=PLAIN AUTH=XOAUTH2${hasIdle ? ' IDLE' : ''}`;
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      idlers.delete(socket);
    });
    socket.write(`* OK [CAPABILITY ${capability}] ready\r\n`);
    let rest = '';
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (!state.isMute) handle(socket, line);
      }
    });
  });

  let idleTag = '';
  /** The tags of logins whose secret is still to come. */
  const loggingIn = new Map<Socket, string>();
  function handle(socket: Socket, line: string): void {
    const loginTag = loggingIn.get(socket);
    if (loginTag !== undefined) {
      loggingIn.delete(socket);
      socket.write(`${loginTag} ${login(line) ?? 'OK done'}\r\n`);
      return;
    }
    if (line.toUpperCase() === 'DONE') {
      idlers.delete(socket);
      socket.write(`${idleTag} OK IDLE ended\r\n`);
      return;
    }
    const [, tag = '', command = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    server.said.push(command);
    const name = /^(UID )?\S+/i.exec(command)![0].toUpperCase();
    if (server.refused.has(name)) {
      socket.write(`${tag} NO not today\r\n`);
      return;
    }
    if (name === 'IDLE') {
      idleTag = tag;
      idlers.add(socket);
      socket.write('+ idling\r\n');
      return;
    }
    if (name === 'AUTHENTICATE' && command.split(' ').length === 2) {
      loggingIn.set(socket, tag);
      socket.write('+ \r\n');
      return;
    }
    const refusal = answer(socket, name, command);
    socket.write(`${tag} ${refusal ?? 'OK done'}\r\n`);
    if (name === 'LOGOUT') socket.end();
  }

  function answer(socket: Socket, name: string, command: string): string | null {
    const put = (text: string): void => void socket.write(`* ${text}\r\n`);
    if (name === 'CAPABILITY') put(`CAPABILITY ${capability}`);
    else if (name === 'LOGIN' || name === 'AUTHENTICATE') return login(command);
    else if (name === 'LIST')
      put(command.endsWith('""') ? 'LIST (\\Noselect) "/" ""' : 'LIST () "/" "INBOX"');
    else if (name === 'SELECT' || name === 'EXAMINE') {
      put('FLAGS (\\Seen \\Deleted)');
      put(`OK [PERMANENTFLAGS (\\Seen \\Deleted)] set`);
      put(`${mails.length} EXISTS`);
      put(`OK [UIDVALIDITY ${state.uidValidity}] valid`);
      put(`OK [UIDNEXT ${state.uidNext}] next`);
      return name === 'EXAMINE' ? 'OK [READ-ONLY] done' : 'OK [READ-WRITE] done';
    } else if (name === 'UID SEARCH') put(`SEARCH ${search(command).join(' ')}`);
    else if (name === 'UID FETCH') fetch(socket, command);
    else if (name === 'UID STORE') store(command);
    else if (name === 'UID MOVE') move(put, command);
    else if (name === 'UID EXPUNGE' || name === 'EXPUNGE') expunge(put);
    return null;
  }

  function login(command: string): string | null {
    const blob = Buffer.from(command.split(' ').at(-1)!, 'base64').toString();
    const isRight =
      command.includes(`"${secret}"`) || command.endsWith(` ${secret}`) || blob.includes(secret);
    return isRight ? null : 'NO [AUTHENTICATIONFAILED] wrong name or password';
  }

  function search(command: string): number[] {
    const from = Number(/UID (\d+):\*/.exec(command.slice(4))?.[1] ?? 1);
    const [, day, month, year] = /SINCE (\d+)-(\w{3})-(\d{4})/.exec(command) ?? [];
    const since = day === undefined ? 0 : Date.UTC(Number(year), MONTHS.indexOf(month!), Number(day));
    const found = mails.filter(({ uid, at }) => uid >= from && at.getTime() >= since).map(({ uid }) => uid);
    // "n:*" names the last one in any case.
    const last = mails.at(-1)?.uid;
    return found.length === 0 && last !== undefined && day === undefined ? [last] : found;
  }

  function fetch(socket: Socket, command: string): void {
    const uid = Number(/UID FETCH (\d+)/i.exec(command)![1]);
    const at = mails.findIndex((mail) => mail.uid === uid);
    const mail = mails[at];
    if (mail === undefined) return;
    const [, most] = /<0\.(\d+)>/.exec(command) ?? [];
    const bytes = Buffer.from(mail.text);
    const part = bytes.subarray(0, most === undefined ? bytes.length : Number(most));
    const { at: on } = mail;
    const date = `${String(on.getUTCDate()).padStart(2, '0')}-${MONTHS[on.getUTCMonth()]}-${on.getUTCFullYear()} 10:00:00 +0000`;
    socket.write(
      `* ${at + 1} FETCH (UID ${uid} FLAGS (${mail.flags.join(' ')}) INTERNALDATE "${date}" RFC822.SIZE ${bytes.length} BODY[]<0> {${part.length}}\r\n`,
    );
    socket.write(part);
    socket.write(')\r\n');
  }

  function store(command: string): void {
    const [, uid, flag] = /UID STORE (\d+) \+FLAGS(?:\.SILENT)? \((\S+)\)/i.exec(command)!;
    mails.find((mail) => mail.uid === Number(uid))?.flags.push(flag!);
  }

  function move(put: (text: string) => void, command: string): void {
    const [, uid, to] = /UID MOVE (\d+) "?([^"]+)"?/i.exec(command)!;
    const at = mails.findIndex((mail) => mail.uid === Number(uid));
    if (at < 0) return;
    server.moved.push([mails[at]!.text, to!]);
    mails.splice(at, 1);
    put(`${at + 1} EXPUNGE`);
  }

  function expunge(put: (text: string) => void): void {
    for (let at = mails.length - 1; at >= 0; at--) {
      if (!mails[at]!.flags.includes('\\Deleted')) continue;
      mails.splice(at, 1);
      put(`${at + 1} EXPUNGE`);
    }
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const server: ImapServer = {
    port: (listener.address() as { port: number }).port,
    mails,
    moved: [],
    said: [],
    refused: new Set(),
    deliver(text, at = new Date()) {
      mails.push({ uid: state.uidNext++, text, at, flags: [] });
      for (const socket of idlers) socket.write(`* ${mails.length} EXISTS\r\n`);
    },
    renumber() {
      state.uidValidity += 1;
      const texts = mails.splice(0).reverse();
      state.uidNext = 1;
      for (const { text, at, flags } of texts) mails.push({ uid: state.uidNext++, text, at, flags });
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    mute() {
      state.isMute = true;
    },
    connections: () => sockets.size,
    async close() {
      server.cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return server;
}
