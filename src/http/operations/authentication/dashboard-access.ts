import { AppPortalAccessOut } from '../../../contract/authentication.ts';
import { defineOperation } from '../../define-operation.ts';
import { grantPortal } from './grant-portal.ts';

export const openDashboard = defineOperation({
  id: 'authentication.dashboard-access',
  method: 'POST',
  path: '/api/v1/auth/dashboard-access/{app_id}',
  tag: 'Authentication',
  summary: 'The older name of app-portal-access.',
  needs: { role: 'editor', scope: 'organization', permission: 'authentication:write' },
  replies: { 200: AppPortalAccessOut },
  problems: [],
  isSecret: true,
  hidden: true,
  handle: (call) => grantPortal(call, {}),
});
