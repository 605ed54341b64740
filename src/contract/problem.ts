/** The one error body. On wire-compatible routes it is `{code, detail}`; elsewhere RFC 9457's members join it. */
import Type from 'typebox';

const FieldErrorOut = Type.Object(
  {
    loc: Type.Array(Type.Union([Type.String(), Type.Integer()]), {
      description: 'Where it was found, e.g. ["body", "uid"].',
    }),
    msg: Type.String(),
    type: Type.String(),
  },
  { title: 'ValidationErrorItem' },
);

/** Body of a 422 on wire-compatible routes. */
export const ValidationProblemOut = Type.Object(
  { detail: Type.Array(FieldErrorOut) },
  { title: 'HTTPValidationError' },
);

/** Body of every other refusal on wire-compatible routes. */
export const CompatibleProblemOut = Type.Object(
  { code: Type.String(), detail: Type.String() },
  { title: 'HttpErrorOut' },
);

/** Body of a refusal elsewhere: RFC 9457, with our code and the wrong fields. */
export const ProblemOut = Type.Object(
  {
    code: Type.String(),
    detail: Type.String({ description: 'One sentence that says what to do.' }),
    type: Type.String({ format: 'uri', description: 'A page about this code.' }),
    title: Type.String(),
    status: Type.Integer(),
    instance: Type.String({ description: 'The request’s id, as in the log.' }),
    errors: Type.Array(
      Type.Object({
        pointer: Type.String({ description: 'JSON pointer into the body, or the parameter’s name.' }),
        detail: Type.String(),
      }),
    ),
  },
  { title: 'Problem' },
);
