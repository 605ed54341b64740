/** Free string-to-string notes that callers keep on a resource. */
import Type from 'typebox';
import { invalid } from '../core/problem.ts';

const METADATA_BYTES_MAX = 4096;

export const Metadata = Type.Record(Type.String(), Type.String(), {
  description: 'Your own notes: string values, at most 4096 bytes as JSON.',
});

/** Refuses metadata that is too large; returns `{}` for "none". */
export function checkMetadata(
  metadata: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (metadata === undefined) return {};
  const bytes = new TextEncoder().encode(JSON.stringify(metadata)).length;
  if (bytes > METADATA_BYTES_MAX) {
    throw invalid(
      ['body', 'metadata'],
      `Metadata is ${bytes} bytes as JSON; keep it within ${METADATA_BYTES_MAX} bytes.`,
    );
  }
  return metadata;
}
