/** Randomness that a seed repeats (xoshiro128**, seeded by splitmix32). For tests only: nothing here is secret. */
import type { Dice } from '../../src/ports/dice.ts';

/** Handed-out arrays of at least this many bytes carry a running number and so never repeat. */
const NUMBERED_BYTES = 8;

export class SeededDice implements Dice {
  readonly #state = new Uint32Array(4);
  #handedOut = 0;

  constructor(seed: number) {
    let mixed = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = mixed ^ (mixed >>> 16);
      word = Math.imul(word, 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      this.#state[i] = word ^ (word >>> 15);
    }
  }

  /** The next 32 bits. */
  word(): number {
    const s = this.#state;
    const scrambled = Math.imul(s[1]!, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  uniform(): number {
    return this.word() / 4_294_967_296;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.word() >>> 24;
    if (count >= NUMBERED_BYTES) new DataView(bytes.buffer).setUint32(4, ++this.#handedOut);
    return bytes;
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }

  /** Dice of their own, so that one part's rolls do not shift another's. */
  fork(): SeededDice {
    return new SeededDice(this.word());
  }
}
