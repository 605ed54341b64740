import Type from 'typebox';
import { ApplicationIn, ApplicationOut, renderApplication } from '../../../contract/application.ts';
import { defineOperation } from '../../define-operation.ts';
import { addApplication, findByUid } from './open-application.ts';

export const createApplication = defineOperation({
  id: 'application.create',
  method: 'POST',
  path: '/api/v1/app',
  tag: 'Application',
  summary: 'Create an application.',
  description: 'With `get_if_exists=true`, an application of the same uid is answered instead of a conflict.',
  needs: { role: 'editor', scope: 'organization', permission: 'application:write' },
  query: Type.Object({ get_if_exists: Type.Optional(Type.Boolean()) }),
  body: ApplicationIn,
  replies: { 200: ApplicationOut, 201: ApplicationOut },
  problems: ['conflict', 'idempotency_key_reused'],
  async handle(call) {
    const { uid } = call.body;
    if (call.query.get_if_exists === true && typeof uid === 'string') {
      const known = await findByUid(call, uid);
      if (known !== null) return { status: 200, body: renderApplication(known) };
    }
    return (await addApplication(call, call.body)).reply;
  },
});
