import { ApplicationIn, newApplication, replaceApplication } from '../../contract/application.ts';
import type { JsonObject } from '../../core/catalog/json-pointer.ts';
import { type ApplicationId, renderId } from '../../core/ids.ts';
import { shapeCheck } from '../../http/check-shape.ts';
import { bringDocument, type ImportRun } from './bring-document.ts';
import { importEndpoints } from './import-endpoints.ts';
import { importIntegrations } from './import-integrations.ts';
import { inParallel } from './in-parallel.ts';
import { createdAtOf, keptId } from './kept-id.ts';
import { idOf, metadataOf, rateOf, subjectOf, uidOf } from './shown.ts';

const AT_ONCE = 4;
const checkApplication = shapeCheck(ApplicationIn, 'body');

/** Applications, and of each its endpoints and integrations. */
export async function importApplications(run: ImportRun): Promise<void> {
  for await (const page of run.remote.pages('/api/v1/app'))
    await inParallel(page, AT_ONCE, (shown) => bringApplication(run, shown));
}

async function bringApplication(run: ImportRun, shown: JsonObject): Promise<void> {
  run.report.found('applications');
  const idThere = String(shown.id);
  const subject = subjectOf(shown);
  const createdAt = createdAtOf(shown.createdAt);
  const id = keptId<'application'>(idThere, 'application', createdAt);
  const application = await bringDocument(run, {
    kind: 'application',
    counted: 'applications',
    subject: `${subject}, with its endpoints`,
    action: 'application.import',
    ref: { id },
    owner: null,
    uid: uidOf(shown),
    build(before) {
      idOf(shown);
      const given = {
        name: shown.name as string,
        uid: uidOf(shown),
        throttleRate: rateOf(shown),
        metadata: metadataOf(shown),
      };
      checkApplication(given);
      if (before !== null) return replaceApplication(before, given);
      return { ...newApplication(given, { id, now: run.maker.clock.now() }), createdAt };
    },
  });
  if (application === null) return;
  if (renderId(id, 'application') !== shown.id)
    run.report.note(`${subject} has a new id here, app_${id}: the old one is not of this form.`);
  const owner = application.id as ApplicationId;
  const path = `/api/v1/app/${encodeURIComponent(idThere)}`;
  await importEndpoints(run, { owner, path: `${path}/endpoint`, of: ` of ${subject}` });
  await importIntegrations(run, { owner, path: `${path}/integration`, of: ` of ${subject}` });
}
