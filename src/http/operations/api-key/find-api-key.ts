import { parseRef } from '../../../contract/ids.ts';
import type { ApiKey } from '../../../core/catalog/resources.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** The key that the path names by id or uid. */
export async function findApiKey(call: Call): Promise<ApiKey> {
  const ref = parseRef(call.params.api_key_id!, 'apiKey');
  // An integration's key belongs to its application: by id it can be revoked here too.
  const owner = 'id' in ref ? undefined : null;
  const key = await call.storage.catalog.find(call.organization, 'api-key', ref, owner);
  if (key === null) throw new Problem('not_found', 'There is no API key of this id or uid.');
  return key;
}
