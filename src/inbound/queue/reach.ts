/** Where to connect to: the guarded address of a name, and TLS that still checks the name. */
import { isIP } from 'node:net';
import type { Web } from '../../ports/web.ts';
import type { TlsSettings } from './shapes.ts';

/** The guarded address of a host. Rejects with a sentence when it is refused. Ask again for each connection. */
export async function reach(web: Web, host: string): Promise<string> {
  const found = await web.resolve(host);
  if ('refused' in found) throw new Error(found.refused);
  return found.address;
}

export interface TlsTrust {
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Options of node:tls: the certificate is checked against `host`, whatever address is connected to. */
export function tlsTrust(tls: TlsSettings, host: string | null): TlsTrust {
  return {
    ...(host !== null && isIP(host) === 0 && { servername: host }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.cert !== undefined && tls.key !== undefined && { cert: tls.cert, key: tls.key }),
  };
}
