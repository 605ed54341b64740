/** The application that a message is published to; made first when the message brings it along. */
import Type from 'typebox';
import { ApplicationIn, newApplication } from '../../../contract/application.ts';
import { parseRef } from '../../../contract/ids.ts';
import { newId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { LoadedApplication } from '../../../engine/engine.ts';
import { shapeCheck } from '../../check-shape.ts';
import type { Call } from '../../define-operation.ts';

type Publisher = Pick<Call, 'engine' | 'organization' | 'principal' | 'params' | 'clock' | 'dice'>;

const checkShape = shapeCheck(Type.Object({ application: ApplicationIn }), 'body');

/** `given` is the body's `application`, unchecked; it is ignored when the path names an application that is there. */
export async function applicationOrNew(call: Publisher, given: unknown): Promise<LoadedApplication> {
  const ref = call.params.app_id ?? '';
  const known = await findOrNull(call, ref);
  if (known !== null) return known;
  const after = newApplicationOf(call, ref, given);
  try {
    // The idempotency key belongs to the message, which is written after this.
    await call.engine.commit({
      organization: call.organization,
      principal: call.principal,
      edits: [{ kind: 'application', before: null, after }],
      action: 'application.create',
      idempotency: null,
      reply: { status: 201, body: undefined },
    });
  } catch (error) {
    // Another message that brought it along was quicker.
    if (!(error instanceof Problem && error.code === 'conflict')) throw error;
  }
  return await call.engine.directory.application(call.organization, ref);
}

async function findOrNull(call: Publisher, ref: string): Promise<LoadedApplication | null> {
  try {
    return await call.engine.directory.application(call.organization, ref);
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return null;
    throw error;
  }
}

function newApplicationOf(call: Publisher, ref: string, given: unknown) {
  const body: { application: unknown } = { application: given };
  checkShape(body);
  const { application } = body as { application: ApplicationIn };
  if ('id' in parseRef(ref, 'application')) {
    throw new Problem(
      'not_found',
      'There is no application of this id: name it by a uid of your own to make it here.',
    );
  }
  if (application.uid !== undefined && application.uid !== null && application.uid !== ref) {
    throw invalid(['body', 'application', 'uid'], 'The uid must be the one in the path, or be left out.');
  }
  const now = call.clock.now();
  return newApplication({ ...application, uid: ref }, { id: newId(now, call.dice.bytes(15)), now });
}
