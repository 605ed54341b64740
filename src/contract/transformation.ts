/** Code that will change a message for one endpoint. It is kept, and does not run yet: every answer says so. */
import Type, { type Static } from 'typebox';
import type { Transformation } from '../core/catalog/resources.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';

export const CODE_CHARS_MAX = 50_000;
export const VARIABLES_MAX = 100;

/** Said in the docs and in the `posthorn-notice` header of every answer about a transformation. */
export const TRANSFORMATION_NOTICE =
  'Stored only: this version does not run transformations, so messages are delivered unchanged.';

const Code = Type.String({ maxLength: CODE_CHARS_MAX });
const Variables = Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 4096 }), {
  maxProperties: VARIABLES_MAX,
});
const Runs = Type.Literal(false, {
  description: `Whether deliveries pass through the code. ${TRANSFORMATION_NOTICE}`,
});

export const EndpointTransformationOut = Type.Object(
  {
    code: Nullable(Code),
    enabled: Type.Boolean({ description: 'Whether it is meant to run; see `runs`.' }),
    variables: Nullable(Variables),
    updatedAt: Nullable(Instant),
    runs: Runs,
  },
  { title: 'EndpointTransformationOut' },
);

export const EndpointTransformationPatch = Type.Object(
  {
    code: Type.Optional(Nullable(Code)),
    enabled: Type.Optional(Type.Boolean()),
    variables: Type.Optional(Nullable(Variables)),
  },
  { title: 'EndpointTransformationPatch' },
);

export const DestinationTransformationOut = Type.Object(
  { code: Nullable(Code), enabled: Type.Boolean(), runs: Runs },
  { title: 'DestinationTransformationOut' },
);

export const DestinationTransformIn = Type.Object(
  { code: Type.Optional(Nullable(Code)) },
  { title: 'DestinationTransformIn' },
);

export function renderTransformation(
  transformation: Transformation | null,
): Static<typeof EndpointTransformationOut> {
  return {
    code: transformation === null || transformation.code === '' ? null : transformation.code,
    enabled: transformation?.enabled ?? false,
    variables: transformation === null ? null : { ...transformation.variables },
    updatedAt: transformation === null ? null : renderInstant(transformation.updatedAt),
    runs: false,
  };
}

export const EmptyOut = Type.Object({}, { title: 'EmptyResponse' });
