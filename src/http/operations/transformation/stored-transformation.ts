import { CODE_CHARS_MAX, TRANSFORMATION_NOTICE, VARIABLES_MAX } from '../../../contract/transformation.ts';
import type { Destination, Transformation } from '../../../core/catalog/resources.ts';
import { invalid } from '../../../core/problem.ts';

/** Goes with every answer about a transformation, so that nobody believes that it already runs. */
export const NOTICE_HEADERS = { 'posthorn-notice': TRANSFORMATION_NOTICE } as const;

export const DESCRIPTION = `${TRANSFORMATION_NOTICE} The answers have \`runs: false\` and a \`posthorn-notice\` header. Code of at most ${CODE_CHARS_MAX} characters, at most ${VARIABLES_MAX} variables.`;

export interface TransformationChange {
  readonly code?: string | null | undefined;
  readonly enabled?: boolean | undefined;
  readonly variables?: Readonly<Record<string, string>> | null | undefined;
}

/** The destination with its transformation changed: absent keeps, null clears. Without code there is none. */
export function withTransformation(
  before: Destination,
  change: TransformationChange,
  now: number,
): Destination {
  const current = before.transformation;
  const code = (change.code === undefined ? current?.code : change.code) ?? '';
  const enabled = change.enabled ?? current?.enabled ?? false;
  if (code === '' && change.enabled === true) {
    throw invalid(['body', 'enabled'], 'There is no code to enable: send `code` too.');
  }
  const variables = (change.variables === undefined ? current?.variables : change.variables) ?? {};
  const isNothing = code === '' && Object.keys(variables).length === 0;
  const transformation: Transformation | null = isNothing
    ? null
    : { code, enabled: code !== '' && enabled, variables, updatedAt: now };
  return { ...before, transformation, updatedAt: now };
}
