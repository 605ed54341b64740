import { defineOperation } from '../../define-operation.ts';

export const deleteApplication = defineOperation({
  id: 'application.delete',
  method: 'DELETE',
  path: '/api/v1/app/{app_id}',
  tag: 'Application',
  summary: 'Delete an application with its endpoints.',
  description: 'Deliveries still waiting are canceled; its tokens stop working.',
  needs: { role: 'editor', scope: 'organization', permission: 'application:write' },
  replies: { 204: null },
  problems: [],
  async handle(call) {
    const { application } = await call.engine.directory.application(call.organization, call.params.app_id!);
    return call.commit('application.delete', [{ kind: 'application', before: application, after: null }], {
      status: 204,
      body: undefined,
    });
  },
});
