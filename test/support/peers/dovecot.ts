/**
 * Dovecot's IMAP server, one process for each connection, as a mailbox's owner who is logged in already (PREAUTH). Its
 * login service asks for folders that only an installation has, so logging in is not what it is here for.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { peerFolder } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['dovecot-imapd'], program: 'doveconf' };
const NOBODY = 65_534;

export interface Dovecot {
  readonly port: number;
  /** Breaks all connections. */
  cut(): Promise<void>;
  /** Makes it forget its numbers: UIDVALIDITY is another afterwards. Only while nobody is connected. */
  forgetUids(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startDovecot(): Promise<Dovecot | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const lib = join(found.root === '' ? '/' : found.root, 'usr/lib/dovecot');
  if (!existsSync(join(lib, 'imap'))) return { missing: `${lib}/imap is not there; install dovecot-imapd` };
  const folder = await peerFolder('dovecot', { 'dovecot.conf': '' }, true);
  const settings = {
    base_dir: join(folder, 'base'),
    state_dir: join(folder, 'state'),
    mail_location: `maildir:${join(folder, 'mail')}`,
    mail_plugin_dir: join(lib, 'modules'),
    stats_writer_socket_path: '',
    log_path: '/dev/stderr',
    first_valid_uid: '1',
    ssl: 'no',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(folder, 'dovecot.conf'), lines.join(''));
  const args = ['-c', 'dovecot.conf', '-f', 'service=imap', '-m', 'imap', '-e', join(lib, 'imap')];
  const program = found.program('doveconf');
  const open = new Map<Socket, ChildProcess>();
  const listener = createServer((socket) => {
    const child = spawn(program, args, {
      ...(process.getuid?.() === 0 && { uid: NOBODY, gid: NOBODY }),
      cwd: folder,
      env: { ...found.env, HOME: folder, USER: 'nobody' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    open.set(socket, child);
    child.stdin.on('error', () => {});
    socket.on('error', () => {});
    // It ends by itself when its input does.
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    child.once('exit', () => {
      open.delete(socket);
      socket.destroy();
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = async (): Promise<void> => {
    await Promise.all(
      [...open].map(async ([socket, child]) => {
        const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
        socket.destroy();
        child.kill('SIGKILL');
        await exit;
      }),
    );
  };
  return {
    port: (listener.address() as { port: number }).port,
    cut,
    async forgetUids() {
      const mail = join(folder, 'mail');
      for (const name of await readdir(mail)) if (name.startsWith('dovecot')) await rm(join(mail, name));
    },
    async [Symbol.asyncDispose]() {
      await cut();
      listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
