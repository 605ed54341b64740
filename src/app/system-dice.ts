import { randomFillSync } from 'node:crypto';
import type { Dice } from '../ports/dice.ts';

const POOL_BYTES = 8192;

/** The machine's randomness. Bytes come from a refilled pool: one system call per 8 KiB instead of per id. */
export function systemDice(): Dice {
  let pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    uniform: () => Math.random(),
    bytes(count) {
      if (count > POOL_BYTES) return randomFillSync(new Uint8Array(count));
      if (used + count > POOL_BYTES) {
        pool = randomFillSync(new Uint8Array(POOL_BYTES));
        used = 0;
      }
      used += count;
      return pool.subarray(used - count, used);
    },
  };
}
