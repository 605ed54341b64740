/** The drivers, and what their opening may be refused with. */
export { openPostgresBeside } from './postgres/beside.ts';
export { openMoveTarget } from './postgres/move-target.ts';
export { migratePostgres, openPostgres } from './postgres/open.ts';
export type { BesideStore, SealedSample } from './sql/beside-store.ts';
export { type MovedCount, moveRows } from './sql/move-rows.ts';
export type { MovedTable } from './sql/moved-rows.ts';
export { StorageRefused } from './sql/refused.ts';
export { openSqliteBeside } from './sqlite/beside.ts';
export { openMoveSource } from './sqlite/export-rows.ts';
export { migrateSqlite, openSqlite } from './sqlite/open.ts';
