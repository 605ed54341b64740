/** The drivers, and what their opening may be refused with. */
export { StorageRefused } from './sql/refused.ts';
export { type BesideStore, openSqliteBeside, type SealedSample } from './sqlite/beside.ts';
export { migrateSqlite, openSqlite } from './sqlite/open.ts';
