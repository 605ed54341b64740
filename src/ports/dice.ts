/** Randomness, passed in so that a simulation can repeat it. */
export interface Dice {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** `count` unpredictable bytes. The array is the caller's to keep. */
  bytes(count: number): Uint8Array;
}
