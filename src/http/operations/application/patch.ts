import {
  ApplicationOut,
  ApplicationPatch,
  changeApplication,
  renderApplication,
} from '../../../contract/application.ts';
import { defineOperation } from '../../define-operation.ts';

export const patchApplication = defineOperation({
  id: 'application.patch',
  method: 'PATCH',
  path: '/api/v1/app/{app_id}',
  tag: 'Application',
  summary: 'Change some members of an application.',
  needs: { role: 'editor', scope: 'organization', permission: 'application:write' },
  body: ApplicationPatch,
  replies: { 200: ApplicationOut },
  problems: ['conflict'],
  async handle(call) {
    const { application } = await call.engine.directory.application(call.organization, call.params.app_id!);
    const after = { ...changeApplication(application, call.body), updatedAt: call.clock.now() };
    return call.commit('application.update', [{ kind: 'application', before: application, after }], {
      status: 200,
      body: renderApplication(after),
    });
  },
});
