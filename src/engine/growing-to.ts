/**
 * Options of a cache of at most so many entries that takes memory as it fills. With `max` the library takes the memory
 * for all entries at once: for 100,000 about 3 MB and 6 ms each, most of what making an engine costs.
 */
export function growingTo(entriesMax: number): {
  readonly maxSize: number;
  readonly sizeCalculation: () => number;
} {
  return { maxSize: entriesMax, sizeCalculation: () => 1 };
}
