/** An API that calls nobody: a list on loopback that grows, for sources that poll. */
import { startReceiver } from '../support/receiver.ts';

export interface GrowingList extends AsyncDisposable {
  readonly url: string;
  /** How many items there are by now; their ids count from 1. */
  readonly length: number;
  /** How often it was asked. */
  readonly asked: number;
  stopGrowing(): void;
}

export async function startGrowingList(everyMs: number): Promise<GrowingList> {
  const receiver = await startReceiver();
  const items: { id: number }[] = [];
  receiver.answer(() => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(items),
  }));
  const timer = setInterval(() => items.push({ id: items.length + 1 }), everyMs);
  const stopGrowing = (): void => clearInterval(timer);
  return {
    url: receiver.url,
    get length() {
      return items.length;
    },
    get asked() {
      return receiver.requests.length;
    },
    stopGrowing,
    async [Symbol.asyncDispose]() {
      stopGrowing();
      await receiver.stop();
    },
  };
}
