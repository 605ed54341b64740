/** Runs `each` for all items, some at once; after a failure no further item is begun, and it is thrown. */
export async function inParallel<Item>(
  items: readonly Item[],
  atOnce: number,
  each: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      if (hasFailed) return;
      try {
        await each(item);
      } catch (cause) {
        hasFailed = true;
        throw cause;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, work));
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
