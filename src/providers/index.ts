/** The table of providers: `PROVIDERS.get('github')`. To add one, add a row to the file of its family. */
import type { Provider } from '../core/verification/provider.ts';
import { basic } from './basic.ts';
import { canonicalHmac } from './canonical-hmac.ts';
import { concatHash } from './concat-hash.ts';
import { fieldHmac } from './field-hmac.ts';
import { jwt } from './jwt.ts';
import { none } from './none.ts';
import { postback } from './postback.ts';
import { publicKeyAToM } from './public-key-a-to-m.ts';
import { publicKeyNToT } from './public-key-n-to-t.ts';
import { rawBodyHmacAToC } from './raw-body-hmac-a-to-c.ts';
import { rawBodyHmacDToH } from './raw-body-hmac-d-to-h.ts';
import { rawBodyHmacHToQ } from './raw-body-hmac-h-to-q.ts';
import { rawBodyHmacRToX } from './raw-body-hmac-r-to-x.ts';
import { providerOf, type Row } from './row.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { staticToken } from './static-token.ts';
import { timestampedHmacBToP } from './timestamped-hmac-b-to-p.ts';
import { timestampedHmacPToZ } from './timestamped-hmac-p-to-z.ts';
import { urlBoundHmac } from './url-bound-hmac.ts';

const ROWS: readonly Row[] = [
  ...rawBodyHmacAToC,
  ...rawBodyHmacDToH,
  ...rawBodyHmacHToQ,
  ...rawBodyHmacRToX,
  ...timestampedHmacBToP,
  ...timestampedHmacPToZ,
  ...standardWebhooks,
  ...urlBoundHmac,
  ...fieldHmac,
  ...canonicalHmac,
  ...publicKeyAToM,
  ...publicKeyNToT,
  ...jwt,
  ...staticToken,
  ...basic,
  ...postback,
  ...concatHash,
  ...none,
];

export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(ROWS.map((row) => [row.id, providerOf(row)]));
