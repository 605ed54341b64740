/** ngIRCd, a real IRC server. It offers no SASL; `password` is the server's own (PASS). */
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['ngircd'], program: 'ngircd' };

export interface Ngircd extends Peer {
  readonly port: number;
}

export async function startNgircd(
  options: { password?: string; pingSeconds?: number } = {},
): Promise<Ngircd | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const port = await freePort();
  // Comments must stand on lines of their own. Without DNS and Ident off, each client waits for both.
  const configuration = `
[Global]
 Name = irc.posthorn.test
 Info = test
 AdminInfo1 = test
 Listen = 127.0.0.1
 Ports = ${port}
${options.password === undefined ? '' : ` Password = ${options.password}`}
[Limits]
 MaxConnectionsIP = 0
 MaxNickLength = 30
 MaxPenaltyTime = 0
 PingTimeout = ${options.pingSeconds ?? 120}
[Options]
 DNS = no
 Ident = no
 PAM = no
`;
  const folder = await peerFolder('ngircd', { 'ngircd.conf': configuration }, true);
  const peer = await startPeer(folder, {
    program: found.program('ngircd'),
    args: ['-n', '-f', `${folder}/ngircd.conf`],
    env: found.env,
    ports: [port],
    asNobody: true,
  });
  return Object.assign(peer, { port });
}
