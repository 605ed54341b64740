/** A row of the table: what a provider has to say, with everything that is usual left out. */
import type { Proof, Provider } from '../core/verification/provider.ts';

type Needed = 'id' | 'name' | 'family' | 'capability' | 'proof' | 'confidence';

export type Row = Pick<Provider, Needed> & Partial<Omit<Provider, Needed>>;

const USUAL: Omit<Provider, Needed | 'secret'> = {
  aliases: [],
  status: 'alive',
  modernHonour: null,
  methods: ['POST'],
  contentTypes: ['application/json'],
  alternatives: [],
  config: [],
  handshakes: [],
  ack: null,
  eventType: [],
  deliveryId: [],
  payload: null,
  responseDeadlineSeconds: null,
  hints: {},
  notes: [],
  provenBy: null,
};

export function providerOf(row: Row): Provider {
  const asksOnly = row.proof.scheme === 'postback' && !row.proof.needsSecret;
  const secret = row.proof.scheme === 'none' || asksOnly ? null : 'the hook’s secret';
  return { ...USUAL, secret, ...row };
}

/** Standard Webhooks (and Svix, where it began): many services differ in their names only. */
export function standardWebhooksProof(prefix: 'webhook' | 'svix', key: 'whsec' | 'utf8' = 'whsec'): Proof {
  return {
    scheme: 'hmac',
    algorithm: 'sha256',
    key,
    signature: `header:${prefix}-signature[v1]`,
    list: { between: ' ', pair: ',' },
    encoding: 'base64',
    signed: '{id}.{timestamp}.{body}',
    id: `header:${prefix}-id`,
    timestamp: { from: `header:${prefix}-timestamp`, format: 's', toleranceSeconds: 300 },
  };
}
