/** The provider is asked whether the call is its own. */
import type { Row } from './row.ts';

export const postback: readonly Row[] = [
  {
    id: 'mollie',
    name: 'Mollie (classic)',
    family: 'postback',
    capability: 'that a payment has changed; the payment is fetched',
    contentTypes: ['application/x-www-form-urlencoded'],
    proof: {
      scheme: 'postback',
      needsSecret: true,
      ask: {
        url: 'https://api.mollie.com/v2/payments/{form:id|word}',
        headers: { authorization: 'Bearer {secret}' },
      },
      accept: { members: { id: '{form:id}' } },
    },
    secret: 'the API key',
    eventType: ['payment'],
    deliveryId: ['{form:id}'],
    hints: { userAgent: 'Mollie' },
    notes: ['The payment is fetched with the API key: nothing of the call is believed.'],
    confidence: 'secondary',
  },
  {
    id: 'paypal-ipn',
    name: 'PayPal IPN',
    aliases: ['Instant Payment Notification'],
    family: 'postback',
    capability: 'payments, refunds and subscriptions, in the old notification format',
    contentTypes: ['application/x-www-form-urlencoded'],
    proof: {
      scheme: 'postback',
      needsSecret: false,
      ask: {
        method: 'POST',
        url: 'https://{config:host}/cgi-bin/webscr',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'posthorn' },
        body: 'cmd=_notify-validate&{body}',
      },
      accept: { body: 'VERIFIED' },
    },
    config: [
      {
        name: 'host',
        about: 'ipnpb.sandbox.paypal.com for the sandbox',
        default: 'ipnpb.paypal.com',
        matches: 'ipnpb(\\.sandbox)?\\.paypal\\.com',
      },
    ],
    ack: { meaning: 'any other status is taken for a failure', status: 200 },
    eventType: ['{form:txn_type}'],
    deliveryId: ['{form:ipn_track_id}', '{form:txn_id}[[:{form:payment_status}]]'],
    responseDeadlineSeconds: 30,
    hints: { userAgent: 'PayPal IPN', members: ['ipn_track_id'] },
    notes: [
      'Compare receiver_email, and use txn_id against duplicates.',
      'charset names the encoding of the fields.',
    ],
    confidence: 'source',
  },
  {
    id: 'shipstation',
    name: 'ShipStation V1',
    family: 'postback',
    capability: 'that orders or shipments have changed; they are fetched',
    proof: {
      scheme: 'postback',
      needsSecret: true,
      ask: {
        url: '{json:resource_url}',
        hosts: ['ssapi.shipstation.com', 'ssapi*.shipstation.com'],
        headers: { authorization: 'Basic {secret|base64}' },
      },
      accept: {},
    },
    secret: 'API key:API secret',
    eventType: ['{json:resource_type}'],
    deliveryId: ['{json:resource_url}'],
    hints: { members: ['resource_url', 'resource_type'] },
    notes: ['The object is fetched with the API credentials: nothing of the call is believed.'],
    confidence: 'secondary',
  },
];
