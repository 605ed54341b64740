/** An HMAC over a canonical form of the call. */

import { canonicalRequest } from './code/contentful.ts';
import type { Row } from './row.ts';

export const canonicalHmac: readonly Row[] = [
  {
    id: 'contentful',
    name: 'Contentful',
    family: 'canonical-hmac',
    capability: 'entries, assets and content types',
    contentTypes: [
      'application/vnd.contentful.management.v1+json',
      'application/json',
      'application/x-www-form-urlencoded',
    ],
    proof: {
      scheme: 'hmac',
      algorithm: 'sha256',
      signature: 'header:x-contentful-signature',
      encoding: 'hex',
      signed: canonicalRequest,
      timestamp: { from: 'header:x-contentful-timestamp', format: 'ms', toleranceSeconds: 30 },
    },
    secret: 'the request verification secret (64 characters)',
    eventType: ['{header:X-Contentful-Topic}'],
    deliveryId: ['{header:X-Contentful-Idempotency-Key}'],
    responseDeadlineSeconds: 30,
    confidence: 'official-library',
    provenBy: '@contentful/node-apps-toolkit@3.16.1 (official)',
  },
  {
    id: 'hygraph',
    name: 'Hygraph',
    family: 'canonical-hmac',
    capability: 'entries that changed or were published',
    proof: {
      scheme: 'hmac',
      algorithm: 'sha256',
      signature: 'header:gcms-signature[sign]',
      encoding: 'base64',
      signed:
        '{"Body":{body|json},"EnvironmentName":{header:gcms-signature[env]|json},"TimeStamp":{timestamp}}',
      timestamp: { from: 'header:gcms-signature[t]', format: 's', toleranceSeconds: 300 },
    },
    eventType: ['{json:operation}'],
    confidence: 'third-party-library',
    provenBy: 'nuxt-webhook-validators@0.2.12 (third-party)',
  },
];
