/** What whoever receives calls does for a source that has a hub: answers challenges, verifies, and takes or notes. */
import { createHmac } from 'node:crypto';
import { answerHubChallenge, hubSecrets } from '../../src/core/received/hub-subscription.ts';
import { type Received, startReceiver } from './receiver.ts';

export interface HubCallback extends AsyncDisposable {
  readonly url: string;
  /** Bodies of proven calls. */
  readonly taken: string[];
  /** Answers everything 404, as a source that was deleted. */
  isGone: boolean;
}

interface Keeper {
  cursor: unknown;
  callbackUrl: string;
  readonly clock: { now(): number };
}

export async function startHubCallback(keeper: Keeper, onProven?: () => void): Promise<HubCallback> {
  const receiver = await startReceiver();
  const callback: HubCallback = {
    url: `${receiver.url}/in/token`,
    taken: [],
    isGone: false,
    [Symbol.asyncDispose]: () => receiver.stop(),
  };
  keeper.callbackUrl = callback.url;
  receiver.answer((request) => {
    if (callback.isGone) return 404;
    if (request.method === 'GET') {
      const query = new URL(request.url, receiver.url).searchParams;
      const { status, body, cursor } = answerHubChallenge(keeper.cursor, query, keeper.clock.now());
      keeper.cursor = cursor;
      return { status, body };
    }
    if (!isProven(request, hubSecrets(keeper.cursor))) return 401;
    callback.taken.push(request.body.toString());
    onProven?.();
    return 202;
  });
  return callback;
}

function isProven({ headers, body }: Received, secrets: readonly string[]): boolean {
  const [algorithm = '', given] = (headers['x-hub-signature'] ?? '').split('=');
  return (
    /^sha(1|256|384|512)$/.test(algorithm) &&
    secrets.some((secret) => createHmac(algorithm, secret).update(body).digest('hex') === given)
  );
}
