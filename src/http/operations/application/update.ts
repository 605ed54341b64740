import {
  ApplicationIn,
  ApplicationOut,
  renderApplication,
  replaceApplication,
} from '../../../contract/application.ts';
import { parseRef } from '../../../contract/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { addApplication, findByUid } from './open-application.ts';

export const updateApplication = defineOperation({
  id: 'application.update',
  method: 'PUT',
  path: '/api/v1/app/{app_id}',
  tag: 'Application',
  summary: 'Create or replace an application.',
  description:
    'A uid in the path that names none creates one with that uid. Members left out go back to their defaults, but the uid stays unless it is sent.',
  needs: { role: 'editor', scope: 'organization', permission: 'application:write' },
  body: ApplicationIn,
  replies: { 200: ApplicationOut, 201: ApplicationOut },
  problems: ['conflict'],
  async handle(call) {
    const ref = parseRef<'application'>(call.params.app_id!, 'application');
    const before =
      'id' in ref
        ? await call.storage.catalog.find(call.organization, 'application', ref, null)
        : await findByUid(call, ref.uid);
    if (before === null) {
      if ('id' in ref)
        throw new Problem('not_found', 'There is no application of this id. PUT to a uid to create one.');
      return (await addApplication(call, { uid: ref.uid, ...call.body })).reply;
    }
    const after = { ...replaceApplication(before, call.body), updatedAt: call.clock.now() };
    return call.commit('application.update', [{ kind: 'application', before, after }], {
      status: 200,
      body: renderApplication(after),
    });
  },
});
