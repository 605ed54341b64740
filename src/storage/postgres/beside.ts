/** A database that nodes may be running on: for `doctor` and `token`. */
import type { BesideStore, SealedSample } from '../sql/beside-store.ts';
import { STORAGE_LIMITS } from '../sql/limits.ts';
import { openConnections } from './connection.ts';
import { look } from './migrate.ts';
import { copiedByItsOwnTools } from './refuse-backup.ts';
import { stats } from './upkeep-reads.ts';

/** Any endpoint's signing key will do. */
const SEALED_SAMPLE = `
  SELECT r.doc, o.id AS organization, r.id FROM resource r JOIN organization o ON o.no = r.organization_no
  WHERE r.kind = 'destination' AND r.doc LIKE '%"secret":%' LIMIT 1`;

export async function openPostgresBeside({ url }: { readonly url: string }): Promise<BesideStore> {
  const { settings } = await look(url);
  const connections = openConnections({
    url,
    settings,
    name: 'posthorn beside',
    poolMax: 1,
    waitingMax: 10,
    statementTimeoutMs: STORAGE_LIMITS.readDeadlineMs,
    log: { info() {}, warn() {}, error() {} },
  });
  return {
    async backup() {
      throw copiedByItsOwnTools();
    },
    // The server checks its pages itself (data_checksums).
    check: async () => [],
    stats: () => stats({ db: connections }),
    async sealedSample() {
      const [row] = await connections.query<{ doc: string; organization: string; id: string }>(SEALED_SAMPLE);
      if (row === undefined) return null;
      const { keys } = JSON.parse(row.doc) as {
        keys: readonly { readonly secret: SealedSample['sealed'] }[];
      };
      const sealed = keys[0]?.secret;
      return sealed === undefined ? null : { sealed, organization: row.organization, id: row.id };
    },
    close: () => connections.close(),
  };
}
