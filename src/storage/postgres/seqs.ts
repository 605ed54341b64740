/**
 * The seqs of events are made from transaction ids, which count up for the life of one cluster of PostgreSQL. Rows that
 * were dumped and restored into another cluster may carry greater ones than it gives: then its seqs start higher, and
 * what its outbox holds counts as older than every transaction.
 */
import type pg from 'pg';

/** Bits of a seq below the transaction id (functions/write.ts). */
const SEQS_PER_TRANSACTION = 8192;

/** Inside the transaction of `migrate`; looks at all history, so only when the store has just come to this cluster. */
export async function raiseSeqsAfterMove(client: pg.Client): Promise<void> {
  await client.query(`
    UPDATE meta SET value = greatest(value, used.most + ${SEQS_PER_TRANSACTION}
      - pg_current_xact_id()::text::bigint * ${SEQS_PER_TRANSACTION})
    FROM (SELECT greatest((SELECT max(seq) FROM event), (SELECT max(rec) FROM attempt),
      (SELECT max(changed_seq) FROM organization), 0) AS most) AS used
    WHERE name = 'seq_base'`);
  await client.query('UPDATE outbox SET xid = xid - (SELECT max(xid) FROM outbox)');
  await client.query(`
    INSERT INTO meta SELECT 'system', system_identifier FROM pg_control_system()
    UNION ALL SELECT 'timeline', posthorn_timeline()
    ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`);
}
