/** Providers on the wire: who can call a source, and what it takes to know them. */
import Type, { type Static } from 'typebox';
import type { Provider } from '../core/verification/provider.ts';
import { Nullable } from './shape.ts';

export const ProviderOut = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    status: Type.String({ description: 'alive, renamed or dead.' }),
    capability: Type.String({ description: 'What it tells, or once told.' }),
    modernHonour: Nullable(Type.String({ description: 'For what is gone: what does its job here.' })),
    scheme: Type.String({ description: 'How its calls are verified; none = only the URL is secret.' }),
    secret: Nullable(Type.String({ description: 'Where to find the secret.' })),
    config: Type.Array(Type.Object({ name: Type.String(), about: Type.String(), required: Type.Boolean() }), {
      description: 'Members of providerConfig.',
    }),
    handshakes: Type.Array(Type.String(), { description: 'Questions that are answered by themselves.' }),
    responseDeadlineSeconds: Nullable(Type.Number()),
    notes: Type.Array(Type.String()),
    confidence: Type.String(),
  },
  { title: 'ProviderOut' },
);
export const ProviderList = Type.Object({ data: Type.Array(ProviderOut) }, { title: 'ProviderList' });

export function renderProvider(provider: Provider): Static<typeof ProviderOut> {
  return {
    id: provider.id,
    name: provider.name,
    status: provider.status,
    capability: provider.capability,
    modernHonour: provider.modernHonour,
    scheme: provider.proof.scheme,
    secret: provider.secret,
    config: provider.config.map(({ name, about, required }) => ({
      name,
      about,
      required: required === true,
    })),
    handshakes: provider.handshakes.map(({ action }) => action),
    responseDeadlineSeconds: provider.responseDeadlineSeconds,
    notes: [...provider.notes],
    confidence: provider.confidence,
  };
}
