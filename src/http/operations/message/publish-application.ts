/** The application that a message is published to; made first when the message brings it along. */
import Type from 'typebox';
import { ApplicationIn } from '../../../contract/application.ts';
import type { LoadedApplication } from '../../../engine/engine.ts';
import { shapeCheck } from '../../check-shape.ts';
import type { Call } from '../../define-operation.ts';
import { openApplication } from '../application/open-application.ts';

const checkShape = shapeCheck(Type.Object({ application: ApplicationIn }), 'body');

/** `given` is the body's `application`, not checked yet; it is ignored when the path's application is there. */
export function publishApplication(call: Call, given: unknown): Promise<LoadedApplication> {
  const body = { application: given };
  checkShape(body);
  return openApplication(call, call.params.app_id ?? '', body.application as ApplicationIn);
}
