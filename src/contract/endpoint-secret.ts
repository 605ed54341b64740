/**
 * Signing keys of an endpoint. It has one current key of one type, or one of each: then every delivery carries a `v1`
 * and a `v1a` signature. Old keys sign beside the current ones until they expire.
 */
import Type, { type Static } from 'typebox';
import { invalid } from '../core/problem.ts';
import { parseSigningKey, publicKeyText, type SigningKeyType } from '../core/signing/standard-webhooks.ts';
import { Nullable } from './shape.ts';

export const GRACE_SECONDS_DEFAULT = 86_400;
const GRACE_SECONDS_MAX = 604_800;
/** Keys that are not current but have not expired. */
export const OLD_KEYS_MAX = 10;

export const KeyTypes = Type.Array(Type.Union([Type.Literal('hmac256'), Type.Literal('ed25519')]), {
  minItems: 1,
  maxItems: 2,
  uniqueItems: true,
  description:
    'Which keys to make when none is given: one of each makes every delivery carry `v1` and `v1a`.',
});

export const EndpointSecretOut = Type.Object(
  {
    key: Type.String({
      description: 'What receivers verify with: `whsec_…`, or `whpk_…` when there is only an Ed25519 key.',
    }),
    publicKey: Nullable(Type.String({ description: '`whpk_…` of the Ed25519 key, if there is one.' })),
  },
  { title: 'EndpointSecretOut' },
);

export const EndpointSecretRotateIn = Type.Object(
  {
    key: Type.Optional(
      Nullable(
        Type.String({
          minLength: 1,
          maxLength: 512,
          description:
            'The new key, or one of each type separated by a space. It replaces every current key; give a current one again to keep it. Leave out to have new keys made of the types there are.',
        }),
      ),
    ),
    gracePeriodSeconds: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: 0,
          maximum: GRACE_SECONDS_MAX,
          description: 'How long the old keys go on signing: 0 to 604800, 86400 unless said.',
        }),
      ),
    ),
    signatureTypes: Type.Optional(KeyTypes),
  },
  { title: 'EndpointSecretRotateIn' },
);

export interface KeyText {
  readonly type: SigningKeyType;
  /** `whsec_…` or `whsk_…`. */
  readonly text: string;
}

/** One key, or one of each type separated by a space; in a uniform spelling. */
export function parseKeyTexts(given: string, loc: readonly string[]): readonly KeyText[] {
  const keys = given.split(' ').map((text) => parseKeyText(text, loc));
  if (keys.length > 2 || (keys.length === 2 && keys[0]!.type === keys[1]!.type)) {
    throw invalid(loc, 'Give one key, or one `whsec_…` and one `whsk_…` separated by a space.');
  }
  return keys;
}

function parseKeyText(text: string, loc: readonly string[]): KeyText {
  try {
    const key = parseSigningKey(text);
    if (key.type === 'hmac256')
      return { type: key.type, text: `whsec_${Buffer.from(key.bytes).toString('base64')}` };
    const pair = Buffer.concat([key.seed, key.publicKey]).toString('base64');
    return { type: key.type, text: `whsk_${pair}` };
  } catch (error) {
    throw invalid(loc, error instanceof Error ? error.message : 'This is no signing key.');
  }
}

/** What a receiver needs; a private key never leaves. */
export function renderSecret(current: readonly KeyText[]): Static<typeof EndpointSecretOut> {
  const hmac = current.find(({ type }) => type === 'hmac256');
  const pair = current.find(({ type }) => type === 'ed25519');
  const publicKey = pair === undefined ? null : publicKeyText(pair.text);
  return { key: hmac?.text ?? publicKey ?? '', publicKey };
}
