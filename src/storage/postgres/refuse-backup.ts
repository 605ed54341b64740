import { StorageRefused } from '../sql/refused.ts';

export function copiedByItsOwnTools(): StorageRefused {
  return new StorageRefused(
    'unsupported',
    'A PostgreSQL store is copied by its own tools: pg_dump, or base backups with a WAL archive; docs/operating.md says how.',
  );
}
