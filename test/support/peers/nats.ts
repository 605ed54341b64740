/** NATS with JetStream and these users; TLS when certificates are given. */
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['nats-server'], program: 'nats-server' };

export interface Nats extends Peer {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface NatsOptions {
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Instead of user and password. */
  readonly token?: string;
  /** Public key of a user, beside `user`. */
  readonly nkey?: string;
}

export async function startNats({ tls, token, nkey }: NatsOptions = {}): Promise<Nats | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const port = await freePort();
  const [user, password] = ['posthorn', 'nats-secret'];
  const users = `users: [ {user: ${user}, password: "${password}"}${nkey ? `, {nkey: ${nkey}}` : ''} ]`;
  const configuration = `
listen: "127.0.0.1:${port}"
server_name: hub
jetstream { store_dir: "data" }
authorization { ${token ? `token: "${token}"` : users} }
${tls ? 'tls { cert_file: "cert.pem", key_file: "key.pem" }' : ''}
`;
  const folder = await peerFolder('nats', {
    'nats.conf': configuration,
    ...(tls && { 'cert.pem': tls.cert, 'key.pem': tls.key }),
  });
  const peer = await startPeer(folder, {
    program: found.program('nats-server'),
    args: ['-c', `${folder}/nats.conf`],
    env: found.env,
    ports: [port],
  });
  return Object.assign(peer, { port, user, password });
}
