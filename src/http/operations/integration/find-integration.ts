import type { Integration } from '../../../core/catalog/resources.ts';
import { type ApplicationId, parseId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';

/** The integration that the path names, and its application. */
export async function findIntegration(
  call: Pick<Call, 'engine' | 'storage' | 'organization' | 'params'>,
): Promise<{ readonly applicationId: ApplicationId; readonly integration: Integration }> {
  const application = await findApplication(call);
  const id = parseId(call.params.integ_id ?? '', 'integration');
  const integration =
    id === undefined
      ? null
      : await call.storage.catalog.find(call.organization, 'integration', { id }, application.id);
  if (integration === null) {
    throw new Problem('not_found', 'This application has no integration with this id (`integ_…`).');
  }
  return { applicationId: application.id, integration };
}
