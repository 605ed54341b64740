/** The table of providers: `PROVIDERS.get('github')`. To add one, add a row to the file of its family. */
import type { Provider } from '../core/verification/provider.ts';
import { providerOf, type Row, standardWebhooksProof } from './row.ts';

const rows: readonly Row[] = [
  {
    id: 'none',
    name: 'Anything (no proof)',
    family: 'none',
    capability: 'any call that knows the URL',
    confidence: 'docs',
    proof: { scheme: 'none' },
  },
  {
    id: 'github',
    name: 'GitHub',
    family: 'raw-body-hmac',
    capability: 'pushes, pull requests, issues, releases, workflows',
    confidence: 'official-library',
    proof: {
      scheme: 'hmac',
      algorithm: 'sha256',
      signature: 'header:X-Hub-Signature-256',
      prefix: 'sha256=',
      encoding: 'hex',
      signed: '{body}',
    },
    eventType: ['{header:X-GitHub-Event}'],
    deliveryId: ['{header:X-GitHub-Delivery}'],
    payload: 'form:payload',
  },
  {
    id: 'stripe',
    name: 'Stripe',
    family: 'timestamped-hmac',
    capability: 'payments, subscriptions, invoices',
    confidence: 'official-library',
    proof: {
      scheme: 'hmac',
      algorithm: 'sha256',
      signature: 'header:Stripe-Signature[v1]',
      encoding: 'hex',
      signed: '{timestamp}.{body}',
      timestamp: { from: 'header:Stripe-Signature[t]', format: 's', toleranceSeconds: 300 },
    },
    eventType: ['{json:type}'],
    deliveryId: ['{json:id}'],
  },
  {
    id: 'standard-webhooks',
    name: 'Standard Webhooks',
    family: 'standard-webhooks',
    capability: 'any sender that keeps to the specification',
    confidence: 'official-library',
    proof: standardWebhooksProof('webhook'),
    eventType: ['{json:type}'],
    deliveryId: ['{header:webhook-id}'],
  },
];

export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(rows.map((row) => [row.id, providerOf(row)]));
