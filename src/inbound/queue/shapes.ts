/** Settings that all queues have: where the server is, TLS, who we are, and how much is taken at once. */
import Type from 'typebox';
import { wrong } from '../check-settings.ts';

const PEM_CHARS_MAX = 32_768;
const HOST_CHARS_MAX = 253;
const NAME_CHARS_MAX = 1_024;
const PREFETCH_MAX = 256;
const PREFETCH = 16;

export const textShape = (maxLength = NAME_CHARS_MAX) => Type.String({ minLength: 1, maxLength });

/** A name or an address, without scheme, port or brackets. */
export const HOST_SHAPE = Type.String({
  minLength: 1,
  maxLength: HOST_CHARS_MAX,
  pattern: '^[^\\s/@\\[\\]]+$',
});

export const PORT_SHAPE = Type.Integer({ minimum: 1, maximum: 65_535 });

/** How many messages are taken at once; 1 keeps them strictly in order. */
export const PREFETCH_SHAPE = Type.Integer({ minimum: 1, maximum: PREFETCH_MAX, default: PREFETCH });

/** PEM texts: whom to trust instead of the well-known authorities, and a client's certificate and key. */
export const TLS_SHAPE = {
  tls: Type.Optional(Type.Boolean()),
  tlsCa: Type.Optional(textShape(PEM_CHARS_MAX)),
  tlsCert: Type.Optional(textShape(PEM_CHARS_MAX)),
  tlsKey: Type.Optional(textShape(PEM_CHARS_MAX)),
};

export interface TlsSettings {
  readonly isOn: boolean;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Problem `validation` when half of it is there. */
export function tlsOf(settings: {
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}): TlsSettings {
  const { tls: isOn = false, tlsCa: ca, tlsCert: cert, tlsKey: key } = settings;
  if (!isOn && (ca ?? cert ?? key) !== undefined)
    throw wrong(['tls'], 'Must be true when certificates are given.');
  if ((cert === undefined) !== (key === undefined))
    throw wrong(
      [cert === undefined ? 'tlsCert' : 'tlsKey'],
      'A certificate and its key go together: give both.',
    );
  return { isOn, ca, cert, key };
}

export const prefetchOf = ({ prefetch }: { readonly prefetch?: number }): number => prefetch ?? PREFETCH;
