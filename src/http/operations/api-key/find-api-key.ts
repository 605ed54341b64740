import { parseRef } from '../../../contract/ids.ts';
import type { ApiKey } from '../../../core/catalog/resources.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** The key that the path names by id or uid. */
export async function findApiKey(call: Call): Promise<ApiKey> {
  const ref = parseRef(call.params.api_key_id!, 'apiKey');
  const key = await call.storage.catalog.find(call.organization, 'api-key', ref, null);
  if (key === null) throw new Problem('not_found', 'There is no API key of this id or uid.');
  return key;
}
