import { join } from 'node:path';
import type { Config } from '../config/settings.ts';

/** Where the embedded store is; it may not be there yet. */
export function storeFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'posthorn.db');
}
