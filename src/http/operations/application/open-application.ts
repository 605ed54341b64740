/** Applications that calls make on the way: by POST, by PUT, and inline beside what needs one. */
import { type ApplicationIn, newApplication, renderApplication } from '../../../contract/application.ts';
import { parseRef } from '../../../contract/ids.ts';
import { allows, type Need } from '../../../core/access/access.ts';
import type { Application } from '../../../core/catalog/resources.ts';
import { newId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { LoadedApplication, Reply } from '../../../engine/engine.ts';
import type { Call } from '../../define-operation.ts';

/** Bytes of randomness in an id. */
const ID_RANDOM_BYTES = 15;

export async function findByUid(call: Call, uid: string): Promise<Application | null> {
  return call.storage.catalog.find(call.organization, 'application', { uid }, null);
}

/** Writes a new application; the reply is the one of `application.create`. */
export async function addApplication(
  call: Call,
  input: ApplicationIn,
): Promise<{ readonly application: Application; readonly reply: Reply }> {
  const now = call.clock.now();
  const id = newId<'application'>(now, call.dice.bytes(ID_RANDOM_BYTES));
  const application = newApplication(input, { id, now });
  const edit = { kind: 'application', before: null, after: application } as const;
  const reply = await call.commit('application.create', [edit], {
    status: 201,
    body: renderApplication(application),
  });
  return { application, reply };
}

/**
 * The application that `ref` names; when there is none and `input` describes one, it is made. Made by a commit of its
 * own without the idempotency key, which belongs to what the call is really about.
 */
export async function openApplication(
  call: Call,
  ref: string,
  input: ApplicationIn | null | undefined,
): Promise<LoadedApplication> {
  try {
    return await call.engine.directory.application(call.organization, ref);
  } catch (error) {
    const isUnknown = error instanceof Problem && error.code === 'not_found';
    if (!isUnknown || input === null || input === undefined) throw error;
  }
  await createInline(call, ref, input);
  return call.engine.directory.application(call.organization, ref);
}

/** As `application.create` needs it: another permission must not be a way around it. */
const TO_CREATE: Need = { role: 'editor', scope: 'organization', permission: 'application:write' };

async function createInline(call: Call, ref: string, input: ApplicationIn): Promise<void> {
  if (call.principal.applicationId !== null) throw noSuchApplication();
  if (!allows(call.principal, TO_CREATE)) {
    throw new Problem(
      'insufficient access',
      'There is no such application, and making it along needs the scope "application:write".',
    );
  }
  if ('id' in parseRef(ref, 'application') || (input.uid ?? ref) !== ref) {
    throw invalid(
      ['body', 'application', 'uid'],
      'The uid of an application that is created along must be the one in the path.',
    );
  }
  const now = call.clock.now();
  const id = newId<'application'>(now, call.dice.bytes(ID_RANDOM_BYTES));
  const after = newApplication({ ...input, uid: ref }, { id, now });
  const { organization, principal } = call;
  try {
    const edits = [{ kind: 'application', before: null, after }] as const;
    const reply = { status: 201, body: renderApplication(after) };
    await call.engine.commit({
      organization,
      principal,
      edits,
      action: 'application.create',
      idempotency: null,
      reply,
    });
  } catch (error) {
    // Somebody else made it meanwhile: theirs is as good.
    if (!(error instanceof Problem && error.code === 'conflict')) throw error;
  }
}

function noSuchApplication(): Problem {
  return new Problem('not_found', 'There is no such application. Check the id or uid in the path.');
}
