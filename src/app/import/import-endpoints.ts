/** Endpoints of an application, and those of operational webhooks. */
import type { JsonObject } from '../../core/catalog/json-pointer.ts';
import { type ApplicationId, renderId } from '../../core/ids.ts';
import { OPERATIONAL_EVENT_TYPES } from '../../core/operational-events.ts';
import { Problem } from '../../core/problem.ts';
import { DESTINATIONS_PER_OWNER_MAX } from '../../engine/destination-limit.ts';
import { bringDocument, type ImportRun, reasonOf } from './bring-document.ts';
import { type BuiltDestination, buildDestination, type ShownEndpoint } from './build-destination.ts';
import type { ImportedKind } from './import-report.ts';
import { inParallel } from './in-parallel.ts';
import { createdAtOf, keptId } from './kept-id.ts';
import { readEndpoint } from './read-endpoint.ts';
import { NOT_OFFERED } from './remote-server.ts';
import { idOf, namesOf, subjectOf } from './shown.ts';

interface Place {
  readonly owner: ApplicationId | null;
  readonly counted: ImportedKind;
  /** Of the list. */
  readonly path: string;
  /** ` of app_…`, for people. */
  readonly of: string;
  /** How many more the owner may have. */
  readonly room: { left: number };
}

const AT_ONCE = 4;
const OPERATIONAL_PATH = '/api/v1/operational-webhook/endpoint';
const OPERATIONAL: ReadonlySet<string> = new Set(OPERATIONAL_EVENT_TYPES);

export async function importEndpoints(
  run: ImportRun,
  { owner, path, of }: { readonly owner: ApplicationId; readonly path: string; readonly of: string },
): Promise<void> {
  const place: Place = { owner, path, of, counted: 'endpoints', room: await roomOf(run, owner) };
  for await (const page of run.remote.pages(path))
    await inParallel(page, AT_ONCE, (shown) => bringEndpoint(run, place, shown));
}

/** Not every compatible server has them in its API. */
export async function importOperationalEndpoints(run: ImportRun): Promise<void> {
  const counted = 'operational webhook endpoints';
  const onRefused = (status: number): void => {
    if (NOT_OFFERED.has(status))
      run.report.note(`Operational webhook endpoints are not offered there (${status}).`);
    else run.report.skip(counted, 'All', `Their list cannot be read (${status}).`);
  };
  const place: Place = {
    owner: null,
    path: OPERATIONAL_PATH,
    of: '',
    counted,
    room: await roomOf(run, null),
  };
  for await (const page of run.remote.pages(OPERATIONAL_PATH, { onRefused }))
    await inParallel(page, AT_ONCE, (shown) => bringEndpoint(run, place, onlyKnownEvents(run, shown)));
}

async function roomOf({ storage, maker }: ImportRun, owner: ApplicationId | null): Promise<{ left: number }> {
  const known = await storage.catalog.list(maker.organization, 'destination', {
    owner,
    orderBy: 'id',
    direction: 'ascending',
    after: null,
    limit: DESTINATIONS_PER_OWNER_MAX,
  });
  return { left: DESTINATIONS_PER_OWNER_MAX - known.length };
}

/** One that listens only to events that never happen here keeps them, and is refused for it. */
function onlyKnownEvents(run: ImportRun, shown: JsonObject): JsonObject {
  const names = namesOf(shown.eventTypes ?? shown.filterTypes);
  if (!Array.isArray(names)) return shown;
  const unknown = names.filter((name) => !OPERATIONAL.has(name));
  if (unknown.length === 0 || unknown.length === names.length) return shown;
  run.report.note(`${subjectOf(shown)} also listened to ${unknown.join(', ')}, which does not happen here.`);
  return { ...shown, eventTypes: names.filter((name) => OPERATIONAL.has(name)) };
}

async function bringEndpoint(run: ImportRun, place: Place, shown: JsonObject): Promise<void> {
  const { report } = run;
  const { counted } = place;
  report.found(counted);
  const subject = subjectOf(shown) + place.of;
  try {
    const endpoint = await readShown(run, place, shown);
    let built: BuiltDestination | null = null;
    const destination = await bringDocument(run, {
      kind: 'destination',
      counted,
      subject,
      action: place.owner === null ? 'operational-webhook.import' : 'endpoint.import',
      ref: { id: endpoint.id },
      owner: place.owner,
      uid: endpoint.body.uid ?? null,
      build(before) {
        if (before === null) takeRoom(place);
        built = buildDestination(run.maker, before, endpoint);
        return built.destination;
      },
    });
    if (destination === null || built === null) return;
    if (renderId(destination.id, 'endpoint') !== shown.id)
      report.note(`${subject} has a new id here, ep_${destination.id}: the old one is not of this form.`);
    const { missing } = built as BuiltDestination;
    if (missing.length > 0)
      report.incomplete(counted, subject, `Came without ${missing.join(', ')}: add that, then enable it.`);
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.code === 'unavailable') throw cause;
    report.skip(counted, subject, reasonOf(cause));
  }
}

async function readShown(run: ImportRun, place: Place, shown: JsonObject): Promise<ShownEndpoint> {
  const idThere = idOf(shown);
  const createdAt = createdAtOf(shown.createdAt);
  const id = keptId<'destination'>(idThere, 'endpoint', createdAt);
  const parts = await readEndpoint(run.remote, `${place.path}/${encodeURIComponent(idThere)}`, shown);
  if (place.owner === null) checkOperational(parts.body.eventTypes ?? []);
  return { ...parts, id, owner: place.owner, createdAt };
}

function checkOperational(names: readonly string[]): void {
  const unknown = names.filter((name) => !OPERATIONAL.has(name));
  if (unknown.length > 0)
    throw new Problem('validation', `It listens to ${unknown.join(', ')} only, which does not happen here.`);
}

function takeRoom({ room }: Place): void {
  if (room.left <= 0)
    throw new Problem(
      'limit_reached',
      `There can be at most ${DESTINATIONS_PER_OWNER_MAX} endpoints: delete those that are not used.`,
    );
  room.left--;
}
