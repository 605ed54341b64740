import { ApplicationOut, renderApplication } from '../../../contract/application.ts';
import { defineOperation } from '../../define-operation.ts';

export const getApplication = defineOperation({
  id: 'application.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}',
  tag: 'Application',
  summary: 'Get an application.',
  needs: { role: 'viewer', scope: 'application', permission: 'application:read' },
  replies: { 200: ApplicationOut },
  problems: [],
  async handle(call) {
    const { application } = await call.engine.directory.application(call.organization, call.params.app_id!);
    return { status: 200, body: renderApplication(application) };
  },
});
