/** The drivers, and what their opening may be refused with. */
export { STORAGE_LIMITS, type StorageLimits } from './sql/limits.ts';
export { type RefusalCode, StorageRefused } from './sql/refused.ts';
export { type BesideStore, openSqliteBeside } from './sqlite/beside.ts';
export { migrateSqlite, type OpenOptions, openSqlite } from './sqlite/open.ts';
