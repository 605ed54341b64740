/** Tokens out of the buckets that all nodes share (functions/allowance.ts). */
import type { Cluster } from '../../ports/cluster.ts';
import type { Connections } from './connection.ts';

const TAKE = 'SELECT granted, wait_ms FROM posthorn_take_tokens_1($1, $2, $3, $4)';

export function takeTokensFrom(connections: Pick<Connections, 'query'>): Cluster['takeTokens'] {
  return async ({ organization, applicationId }, { perSecond, wanted }) => {
    const [row] = await connections.query<{ granted: number; wait_ms: number }>(TAKE, [
      organization,
      applicationId,
      perSecond,
      wanted,
    ]);
    return { granted: row!.granted, waitMs: row!.wait_ms };
  };
}
