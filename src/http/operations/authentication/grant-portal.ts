/** A portal link: a token confined to one application, and the URL that carries it. */
import type { Static } from 'typebox';
import { type AppPortalAccessIn, portalUrl, readPortalGrant } from '../../../contract/authentication.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import type { Reply } from '../../../engine/engine.ts';
import type { Call } from '../../define-operation.ts';
import { mintAppToken } from '../../tokens.ts';
import { openApplication } from '../application/open-application.ts';

export async function grantPortal(call: Call, input: Static<typeof AppPortalAccessIn>): Promise<Reply> {
  const { application } = await openApplication(call, call.params.app_id!, input.application);
  const applicationId = application.id as ApplicationId;
  const grant = readPortalGrant(input);
  const token = await mintAppToken(
    call.settings.jwtSecrets[0]!,
    { organization: call.organization, applicationId, ...grant },
    call.clock.now(),
  );
  const body = { url: portalUrl(call.settings.publicUrl, { applicationId, token }), token };
  return call.commit('authentication.app-portal-access', [], { status: 200, body });
}
