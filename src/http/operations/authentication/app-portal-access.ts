import { AppPortalAccessIn, AppPortalAccessOut } from '../../../contract/authentication.ts';
import { defineOperation } from '../../define-operation.ts';
import { grantPortal } from './grant-portal.ts';

export const openAppPortal = defineOperation({
  id: 'authentication.app-portal-access',
  method: 'POST',
  path: '/api/v1/auth/app-portal-access/{app_id}',
  tag: 'Authentication',
  summary: 'Make a link to the portal of one application.',
  description:
    'The token in it is confined to the application and ends after 28 days, or when it is told to.',
  needs: { role: 'editor', scope: 'organization', permission: 'authentication:write' },
  body: AppPortalAccessIn,
  replies: { 200: AppPortalAccessOut },
  problems: [],
  isSecret: true,
  handle: (call) => grantPortal(call, call.body),
});
