/** Redis with a password and a log that is written before it answers, so that a restart forgets nothing. */
import { certificate } from '../tls/certificates.ts';
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['redis-server'], program: 'redis-server' };

export interface Redis extends Peer {
  readonly port: number;
  readonly tlsPort: number;
  readonly password: string;
}

export async function startRedis(): Promise<Redis | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const [port, tlsPort] = [await freePort(), await freePort()];
  const { cert, key } = certificate('server');
  const password = 'redis-secret';
  const configuration = `
bind 127.0.0.1
port ${port}
tls-port ${tlsPort}
tls-cert-file cert.pem
tls-key-file key.pem
tls-auth-clients no
requirepass ${password}
save ""
appendonly yes
appendfsync always
`;
  const folder = await peerFolder('redis', {
    'redis.conf': configuration,
    'cert.pem': cert,
    'key.pem': key,
  });
  const peer = await startPeer(folder, {
    program: found.program('redis-server'),
    args: ['redis.conf'],
    env: found.env,
    ports: [port, tlsPort],
  });
  return Object.assign(peer, { port, tlsPort, password });
}
