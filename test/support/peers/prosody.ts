/** Prosody, a real XMPP server for the domain `localhost`, with rooms at `conference.localhost`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DebianPeer, debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['prosody'], program: 'prosody' };

export interface Prosody extends Peer {
  /** STARTTLS is offered when it has a certificate. */
  readonly port: number;
  /** TLS from the first byte; 0 without a certificate. */
  readonly tlsPort: number;
}

export interface ProsodyOptions {
  /** Passwords of the users at `localhost`. */
  readonly users: Readonly<Record<string, string>>;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function startProsody({ users, tls }: ProsodyOptions): Promise<Prosody | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const port = await freePort();
  const tlsPort = tls ? await freePort() : 0;
  const folder = await peerFolder('prosody', tls ? { 'cert.pem': tls.cert, 'key.pem': tls.key } : {});
  await writeFile(join(folder, 'prosody.cfg.lua'), configuration(folder, { port, tlsPort }));
  await mkdir(join(folder, 'data', 'localhost', 'accounts'), { recursive: true });
  for (const [name, password] of Object.entries(users))
    await writeFile(
      join(folder, 'data', 'localhost', 'accounts', `${name}.dat`),
      `return { ["password"] = "${password}" };`,
    );
  await writeFile(join(folder, 'prosody.lua'), await programOf(found));
  const peer = await startPeer(folder, {
    program: found.program('lua5.4'),
    args: [join(folder, 'prosody.lua'), '--config', join(folder, 'prosody.cfg.lua')],
    env: { ...found.env, ...luaPaths(found) },
    ports: [port, ...(tls ? [tlsPort] : [])],
  });
  return Object.assign(peer, { port, tlsPort });
}

/** The program has its folders written in. */
async function programOf({ root, program }: DebianPeer): Promise<string> {
  const text = await readFile(program('prosody'), 'utf8');
  return text.replaceAll("'/usr/lib/prosody", `'${root}/usr/lib/prosody`);
}

function luaPaths({ root, env }: DebianPeer): Record<string, string> {
  if (root === '') return {};
  const libraries = (env.LD_LIBRARY_PATH ?? '').split(':');
  return {
    LUA_PATH: `${root}/usr/share/lua/5.4/?.lua;${root}/usr/share/lua/5.4/?/init.lua;;`,
    LUA_CPATH: `${libraries.map((path) => `${path}/lua/5.4/?.so`).join(';')};;`,
  };
}

function configuration(folder: string, { port, tlsPort }: { port: number; tlsPort: number }): string {
  const certificate =
    tlsPort === 0 ? '' : `ssl = { key = "${folder}/key.pem", certificate = "${folder}/cert.pem" }`;
  return `
run_as_root = true
daemonize = false
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = { ${tlsPort === 0 ? '' : tlsPort} }
s2s_ports = {}
component_ports = {}
http_ports = {}
https_ports = {}
modules_enabled = { "roster", "saslauth", "disco", "ping", "mam", "smacks", "offline"${tlsPort === 0 ? '' : ', "tls"'} }
modules_disabled = { "s2s" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
log = { { levels = { min = "info" }, to = "console" } }
${certificate}
VirtualHost "localhost"
${certificate}
Component "conference.localhost" "muc"
`;
}
