/** Mosquitto, a real MQTT 3.1.1 and 5 broker, with persistence. With `user` and `password`, nobody else may connect. */
import { execFileSync } from 'node:child_process';
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['mosquitto'], program: 'mosquitto' };

export interface Mosquitto extends Peer {
  readonly port: number;
  readonly wsPort: number;
  /** With the certificate of `tls`; 0 when it was not given. */
  readonly tlsPort: number;
}

export interface MosquittoOptions {
  readonly user?: string;
  readonly password?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const { user, password, tls } = options;
  const [port, wsPort] = [await freePort(), await freePort()];
  const tlsPort = tls ? await freePort() : 0;
  const folder = await peerFolder(
    'mosquitto',
    {
      'mosquitto.conf': `
listener ${port} 127.0.0.1
listener ${wsPort} 127.0.0.1
protocol websockets
${tls ? `listener ${tlsPort} 127.0.0.1\ncertfile cert.pem\nkeyfile key.pem` : ''}
allow_anonymous ${user === undefined}
${user === undefined ? '' : 'password_file passwords'}
persistence true
persistence_location ./
autosave_interval 1
log_dest stdout
`,
      passwords: '',
      ...(tls && { 'cert.pem': tls.cert, 'key.pem': tls.key }),
    },
    true,
  );
  if (user !== undefined)
    execFileSync(found.program('mosquitto_passwd'), ['-b', `${folder}/passwords`, user, password ?? ''], {
      env: found.env,
    });
  const peer = await startPeer(folder, {
    program: found.program('mosquitto'),
    args: ['-c', 'mosquitto.conf'],
    env: found.env,
    ports: [port, wsPort, ...(tls ? [tlsPort] : [])],
    asNobody: true,
  });
  return Object.assign(peer, { port, wsPort, tlsPort });
}
