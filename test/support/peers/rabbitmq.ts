/**
 * RabbitMQ, without its scripts: those look for Erlang where it would be installed. No plug-ins, one user, and no
 * Erlang port mapper, which would outlive it.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { certificate } from '../tls/certificates.ts';
import { debianPeer, type Missing, type PeerNeeds } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

export const NEEDS: PeerNeeds = { packages: ['rabbitmq-server'], program: 'rabbitmq-server' };

export interface RabbitMq extends Peer {
  readonly port: number;
  readonly tlsPort: number;
  readonly user: string;
  readonly password: string;
}

export async function startRabbitMq(): Promise<RabbitMq | Missing> {
  const found = await debianPeer(NEEDS);
  if ('missing' in found) return found;
  const [port, tlsPort, distribution] = [await freePort(), await freePort(), await freePort()];
  const { cert, key } = certificate('server');
  const user = 'posthorn';
  const password = 'rabbit-secret';
  const configuration = `
listeners.tcp.default = 127.0.0.1:${port}
listeners.ssl.default = 127.0.0.1:${tlsPort}
default_user = ${user}
default_pass = ${password}
loopback_users = none
log.console = true
log.console.level = warning
log.file = false
ssl_options.certfile = cert.pem
ssl_options.keyfile = key.pem
ssl_options.verify = verify_none
`;
  const folder = await peerFolder('rabbitmq', {
    'cert.pem': cert,
    'key.pem': key,
    'rabbitmq.conf': configuration,
    enabled_plugins: '[].\n',
    '.erlang.cookie': 'POSTHORNTEST',
  });
  const erlang = join(found.root || '/', 'usr/lib/erlang');
  const libraries = join(found.root || '/', 'usr/lib/rabbitmq/lib');
  const home = join(libraries, versioned(libraries, 'rabbitmq_server-'));
  const bin = join(erlang, versioned(erlang, 'erts-'), 'bin');
  const peer = await startPeer(folder, {
    program: join(bin, 'erlexec'),
    args: [
      ...[
        '-noinput',
        '-s',
        'rabbit',
        'boot',
        '-boot',
        'start_sasl',
        '+W',
        'w',
        '-sname',
        `hub${port}@localhost`,
      ],
      ...['-start_epmd', 'false', '-erl_epmd_port', String(distribution), '-setcookie', 'POSTHORNTEST'],
      ...['-syslog', 'logger', '[]', '-syslog', 'syslog_error_logger', 'false'],
      ...[
        '-kernel',
        'prevent_overlapping_partitions',
        'false',
        '-kernel',
        'inet_dist_use_interface',
        '{127,0,0,1}',
      ],
      // One scheduler that does not spin: the machine has other things to do.
      ...['+S', '1:1', '+sbwt', 'none'],
    ],
    env: {
      ...found.env,
      ROOTDIR: erlang,
      BINDIR: bin,
      EMU: 'beam',
      PROGNAME: 'erl',
      ERL_LIBS: join(home, 'plugins'),
      RABBITMQ_HOME: home,
      RABBITMQ_NODENAME: `hub${port}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_PID_FILE: join(folder, 'rabbit.pid'),
    },
    ports: [port, tlsPort],
  });
  return Object.assign(peer, { port, tlsPort, user, password });
}

function versioned(folder: string, prefix: string): string {
  const name = readdirSync(folder).find((one) => one.startsWith(prefix));
  if (!name) throw new Error(`${folder} holds no ${prefix}…`);
  return name;
}
