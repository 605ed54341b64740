/** Third parties that manage an application's endpoints. Their keys are shown once, when they are made: never here. */
import { IntegrationIn } from '../../contract/integration.ts';
import type { JsonObject } from '../../core/catalog/json-pointer.ts';
import type { Integration } from '../../core/catalog/resources.ts';
import type { ApplicationId, Id } from '../../core/ids.ts';
import type { Edit } from '../../engine/engine.ts';
import { shapeCheck } from '../../http/check-shape.ts';
import { bringDocument, type ImportRun } from './bring-document.ts';
import { createdAtOf, keptId } from './kept-id.ts';
import { NOT_OFFERED } from './remote-server.ts';
import { idOf, subjectOf } from './shown.ts';

interface Place {
  readonly owner: ApplicationId;
  readonly path: string;
  readonly of: string;
}

const checkIntegration = shapeCheck(IntegrationIn, 'body');

export async function importIntegrations(run: ImportRun, place: Place): Promise<void> {
  const onRefused = (status: number): void => {
    if (NOT_OFFERED.has(status)) return;
    run.report.skip('integrations', `All${place.of}`, `Their list cannot be read (${status}).`);
  };
  for await (const page of run.remote.pages(place.path, { onRefused }))
    for (const shown of page) await bringIntegration(run, place, shown);
}

async function bringIntegration(run: ImportRun, place: Place, shown: JsonObject): Promise<void> {
  run.report.found('integrations');
  const subject = subjectOf(shown) + place.of;
  const createdAt = createdAtOf(shown.createdAt);
  const id = keptId<string>(String(shown.id), 'integration', createdAt);
  const integration = await bringDocument(run, {
    kind: 'integration',
    counted: 'integrations',
    subject,
    action: 'integration.import',
    ref: { id },
    owner: place.owner,
    uid: null,
    build: (before) => built(run, before, { ...place, id, createdAt, shown }),
    alongside: (after) => keyEdits(run, after),
  });
  if (integration === null || (await findKey(run, integration)) !== null) return;
  run.report.incomplete(
    'integrations',
    subject,
    'Came without its key, which no server shows: make one with key/rotate.',
  );
}

function built(
  run: ImportRun,
  before: Integration | null,
  { owner, id, createdAt, shown }: Place & { id: Id<string>; createdAt: number; shown: JsonObject },
): Integration {
  idOf(shown);
  const given = { name: shown.name as string, featureFlags: (shown.featureFlags ?? []) as string[] };
  checkIntegration(given);
  if (before !== null) return { ...before, ...given };
  const now = run.maker.clock.now();
  return { id, uid: null, ownerId: owner, createdAt, updatedAt: now, version: 1, ...given };
}

/** A key that was made here has the flags of its integration. */
async function keyEdits(run: ImportRun, after: Integration): Promise<readonly Edit[]> {
  const key = await findKey(run, after);
  return key === null
    ? []
    : [{ kind: 'api-key', before: key, after: { ...key, featureFlags: after.featureFlags } }];
}

function findKey({ storage, maker }: ImportRun, { id, ownerId }: Integration) {
  return storage.catalog.find(maker.organization, 'api-key', { uid: id }, ownerId);
}
