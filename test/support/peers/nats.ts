/** NATS with JetStream; whom it lets in is said by `authorization`. */
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
  /** In NATS's own words, instead of that user and JetStream. */
  readonly authorization?: string;
}

export async function startNats({ tls, authorization }: NatsOptions = {}): Promise<Nats | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const port = await freePort();
  const [user, password] = ['posthorn', 'nats-secret'];
  const users = `authorization { users: [ {user: ${user}, password: "${password}"} ] }`;
  const configuration = `
listen: "127.0.0.1:${port}"
server_name: hub
${authorization ?? `${users}\njetstream { store_dir: "data" }`}
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
