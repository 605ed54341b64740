/** Reads the bytes of a message (dots already taken out), up to what may be held. */
import { NO_ROOM, type Reply, tooLarge } from './reply.ts';

/** A message that is refused is read on for so many times its bound; then the connection is cut. */
const READ_ON_TIMES = 2;

/** Bytes that all messages together may hold in memory. */
export class HeldBytes {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** false = there is no room; then nothing is held. */
  hold(bytes: number): boolean {
    if (this.#held + bytes > this.#max) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

export interface ReadMessage {
  /** The message, or why it cannot be had. */
  readonly read: Buffer | Reply;
  /** Gives the memory back. */
  readonly release: () => void;
}

/** Rejects when the connection ends before the message does. `cut` is called when a message is refused and goes on. */
export async function readMessage(
  stream: AsyncIterable<Buffer>,
  { bytesMax, held, cut }: { bytesMax: number; held: HeldBytes; cut: (reply: Reply) => void },
): Promise<ReadMessage> {
  let chunks: Buffer[] = [];
  let kept = 0;
  let length = 0;
  let refusal: Reply | null = null;
  const release = (): void => {
    held.release(kept);
    kept = 0;
  };
  try {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > bytesMax) refusal = tooLarge(bytesMax);
      else if (refusal === null && !held.hold(chunk.length)) refusal = NO_ROOM;
      if (refusal === null) {
        kept += chunk.length;
        chunks.push(chunk);
        continue;
      }
      release();
      chunks = [];
      if (length > bytesMax * READ_ON_TIMES) cut(refusal);
    }
  } catch (cause) {
    release();
    throw cause;
  }
  return { read: refusal ?? Buffer.concat(chunks), release };
}
