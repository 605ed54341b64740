import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';

export const expungeAllContents = defineOperation({
  id: 'message.expunge-all-contents',
  method: 'POST',
  path: '/api/v1/app/{app_id}/msg/expunge-all-contents',
  tag: 'Message',
  summary: 'Delete the payloads of all messages of an application',
  description:
    'Those published before the call. The answer is a background task; its `data` tells how many were purged.',
  needs: { role: 'editor', scope: 'organization', permission: 'message:write' },
  replies: { 202: TaskStartedOut },
  problems: ['not_found'],
  async handle(call) {
    const { id } = await findApplication(call);
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'application.purge_content',
      input: { applicationId: id },
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
    });
  },
});
