/** What somebody looks for among received events. Everything that is said must hold; null or [] = not asked. */

export interface SearchFilter {
  readonly types: readonly string[] | null;
  /** As documents show them (`src_…`). */
  readonly sourceIds: readonly string[] | null;
  /** In upper case. */
  readonly methods: readonly string[] | null;
  readonly verified: boolean | null;
  readonly conditions: readonly PathCondition[];
  readonly headers: readonly HeaderCondition[];
  /** Words, and phrases in double quotes; '' = not asked. Case and width do not matter. */
  readonly text: string;
}

export type SearchOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'exists' | 'contains' | 'startsWith';
export type SearchValue = string | number | boolean | null;

export interface PathCondition {
  readonly path: SearchPath;
  readonly op: SearchOperator;
  /** `exists` looks at none. */
  readonly value: SearchValue;
}

export interface HeaderCondition {
  /** In any case. */
  readonly name: string;
  readonly op: SearchOperator;
  readonly value: SearchValue;
}

/** A member by its name, an element by its number, or every element. */
export type SearchStep = string | number | null;
export type SearchPath = readonly SearchStep[];

export const NO_FILTER: SearchFilter = {
  types: null,
  sourceIds: null,
  methods: null,
  verified: null,
  conditions: [],
  headers: [],
  text: '',
};

/** A header is a path: names of a document's headers are in lower case. */
export function pathConditionsOf({ conditions, headers }: SearchFilter): readonly PathCondition[] {
  return [
    ...conditions,
    ...headers.map(({ name, op, value }) => ({ path: ['headers', name.toLowerCase()], op, value })),
  ];
}
