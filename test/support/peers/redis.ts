/** Redis with a password and a log that is written before it answers, so that a restart forgets nothing. */
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['redis-server'], program: 'redis-server' };

export interface Redis extends Peer {
  readonly port: number;
  readonly password: string;
}

export async function startRedis(): Promise<Redis | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const port = await freePort();
  const password = 'redis-secret';
  const configuration = `
bind 127.0.0.1
port ${port}
requirepass ${password}
save ""
appendonly yes
appendfsync always
`;
  const folder = await peerFolder('redis', { 'redis.conf': configuration });
  const peer = await startPeer(folder, {
    program: found.program('redis-server'),
    args: [`${folder}/redis.conf`],
    env: found.env,
    ports: [port],
  });
  return Object.assign(peer, { port, password });
}
