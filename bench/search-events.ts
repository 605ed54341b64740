/** Received events as they are in life: about 1 KB, two dozen values, of which some are never seen twice. */
import type { EventDocument } from '../src/core/received/event-document.ts';

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;
const TYPES = ['charge.succeeded', 'charge.failed', 'charge.refunded', 'customer.created', 'invoice.paid'];
const CURRENCIES = ['EUR', 'EUR', 'EUR', 'EUR', 'EUR', 'EUR', 'USD', 'USD', 'GBP', 'CHF'];
const REGIONS = ['eu-north', 'eu-south', 'us-east', 'us-west', 'ap-east', 'ap-south', 'sa', 'af'];
const WORDS = Array.from(
  { length: 2000 },
  (_, i) => `${pick(['lo', 'ra', 'mi', 'te', 'ku', 'va'], i)}${i.toString(36)}n`,
);

/** A sequence of numbers that looks like chance and is the same each time. */
export function diceOf(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const dice = diceOf(4711);
const code = (length: number): string => {
  let text = '';
  while (text.length < length) text += dice(2 ** 31).toString(36);
  return text.slice(0, length);
};

/** `n`: its number, which is in `metadata.order`. Campaign: 1 %. Customer: 0.005 %. Currency EUR: 60 %. */
export function searchedEvent(n: number, at: number): EventDocument {
  const customer = dice(20_000);
  const body = {
    id: `evt_${code(24)}`,
    created: new Date(at).toISOString(),
    livemode: dice(100) > 0,
    account: `acct_${dice(2000)}`,
    data: {
      object: {
        id: `ch_${code(24)}`,
        amount: 100 + dice(50_000),
        currency: pick(CURRENCIES, dice(10)),
        status: pick(['succeeded', 'pending', 'failed', 'succeeded'], dice(4)),
        customer: { id: `cus_${customer}`, email: `user${customer}@example.com`, country: `C${dice(30)}` },
        items: [
          { sku: `sku-${dice(5000)}`, quantity: 1 + dice(5), price: dice(10_000) / 100 },
          { sku: `sku-${dice(5000)}`, quantity: 1 + dice(5), price: dice(10_000) / 100 },
        ],
        note: Array.from({ length: 8 }, () => pick(WORDS, Math.floor(dice(2000) * (dice(1000) / 1000)))).join(
          ' ',
        ),
        metadata: { order: `order-${n}`, region: pick(REGIONS, dice(8)), campaign: `summer-${dice(100)}` },
      },
    },
    request: { id: `req_${code(14)}`, key: code(32) },
    padding: 'x'.repeat(400),
  };
  return {
    id: `evt_${n}`,
    source: `src_${dice(5)}`,
    type: pick(TYPES, dice(5)),
    receivedAt: new Date(at).toISOString(),
    method: 'POST',
    path: '',
    query: {},
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Provider/1.0 (+https://provider.example/hooks)',
      'x-signature': `t=${Math.floor(at / 1000)},v1=${code(64)}`,
      'x-request-id': code(32),
      'content-length': String(900 + dice(200)),
      accept: '*/*',
      host: 'hooks.example.com',
    },
    body,
    envelope: null,
    files: [],
    contentType: 'application/json',
    size: 1024,
    peer: `203.0.113.${dice(16)}`,
    verified: true,
    via: 'http',
    key: null,
    dedupeKey: null,
    test: false,
    parseError: null,
    meta: null,
  };
}
