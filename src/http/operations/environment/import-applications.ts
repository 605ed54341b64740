/** The edits that bring imported applications and endpoints about. They are matched by uid, or else by id. */
import type { Static } from 'typebox';
import { changeApplication, newApplication } from '../../../contract/application.ts';
import { PortableApplication, PortableEndpoint } from '../../../contract/environment.ts';
import { onlyMembers } from '../../../contract/shape.ts';
import type { Application, Destination } from '../../../core/catalog/resources.ts';
import { type ApplicationId, newId, type PrefixName, parseId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { Edit } from '../../../engine/engine.ts';
import type { Call } from '../../define-operation.ts';
import { freshDestination, patchedDestination } from '../endpoint/destination-of.ts';
import { withTransformation } from '../transformation/stored-transformation.ts';

type Importer = Pick<
  Call,
  'engine' | 'storage' | 'organization' | 'clock' | 'dice' | 'settings' | 'principal'
>;
type ApplicationIn = Static<typeof PortableApplication>;
type EndpointIn = Static<typeof PortableEndpoint>;
type Loc = readonly (string | number)[];

const DISABLED_REASON = 'imported: set its secret and headers, then enable it';

/** `eventTypes`: the names that endpoints may listen to, with those of the same import. */
export async function applicationEdits(
  call: Importer,
  applications: readonly ApplicationIn[],
  eventTypes: ReadonlySet<string>,
): Promise<readonly Edit[]> {
  const edits: Edit[] = [];
  const seen = new Set<string>();
  for (const [index, whole] of applications.entries()) {
    const given = onlyMembers(PortableApplication, whole);
    const loc = ['body', 'settings', 'applications', index];
    const before = await findByUidOrId(call, given, {
      kind: 'application',
      prefix: 'application',
      owner: null,
      loc,
    });
    const after = importedApplication(call, given, { before, loc });
    once(seen, after.id, loc);
    once(seen, `uid ${after.uid}`, loc);
    edits.push({ kind: 'application', before, after });
    for (const [at, endpoint] of (given.endpoints ?? []).entries()) {
      const place = {
        owner: after.id as ApplicationId,
        isNew: before === null,
        loc: [...loc, 'endpoints', at],
      };
      const edit = await endpointEdit(call, endpoint, { ...place, eventTypes });
      once(seen, edit.after.id, place.loc);
      edits.push(edit);
    }
  }
  return edits;
}

function importedApplication(
  call: Importer,
  given: ApplicationIn,
  { before, loc }: { readonly before: Application | null; readonly loc: Loc },
): Application {
  const now = call.clock.now();
  if (before !== null) return { ...changeApplication(before, given), uid: before.uid, updatedAt: now };
  return newApplication(
    { ...given, uid: uidOf(given, 'application', loc) },
    { id: newId(now, call.dice.bytes(15)), now },
  );
}

async function endpointEdit(
  call: Importer,
  given: EndpointIn,
  place: {
    readonly owner: ApplicationId;
    readonly isNew: boolean;
    readonly loc: Loc;
    readonly eventTypes: ReadonlySet<string>;
  },
): Promise<Extract<Edit, { kind: 'destination' }> & { readonly after: Destination }> {
  const { transformation, secretParts: _parts, id: _id, ...body } = onlyMembers(PortableEndpoint, given);
  const missing = (given.eventTypes ?? []).filter((name) => !place.eventTypes.has(name));
  if (missing.length > 0) {
    throw invalid(
      [...place.loc, 'eventTypes'],
      `There are no event types ${JSON.stringify(missing)}: import them too.`,
    );
  }
  const before = place.isNew
    ? null
    : await findByUidOrId(call, given, {
        kind: 'destination',
        prefix: 'endpoint',
        owner: place.owner,
        loc: place.loc,
      });
  if (before !== null && before.kind !== 'http') {
    throw new Problem(
      'conflict',
      `A polling endpoint has the uid ${JSON.stringify(given.uid)}: rename one of them.`,
    );
  }
  const now = call.clock.now();
  const made =
    before === null
      ? {
          ...freshDestination(call, place.owner, { ...body, uid: uidOf(given, 'endpoint', place.loc) }),
          ...DISABLED,
        }
      : patchedDestination(call, before, { ...body, ...keptOf(before, given) });
  const after = transformation == null ? made : withTransformation(made, transformation, now);
  return { kind: 'destination', before, after };
}

/** An import never enables an endpoint that somebody (or an earlier import) has disabled. */
function keptOf(before: Destination, given: EndpointIn): { uid: string | null; disabled: boolean } {
  return { uid: before.uid, disabled: before.disabled || (given.disabled ?? false) };
}

const DISABLED = { disabled: true, disabledReason: DISABLED_REASON } as const;

interface Wanted<K extends 'application' | 'destination'> {
  readonly kind: K;
  readonly prefix: PrefixName;
  readonly owner: ApplicationId | null;
  readonly loc: Loc;
}

/** One without a uid is known by its id here, and elsewhere by the uid that its first import gave it. */
async function findByUidOrId<K extends 'application' | 'destination'>(
  call: Importer,
  given: { readonly id?: string; readonly uid?: string | null },
  wanted: Wanted<K>,
) {
  const { catalog } = call.storage;
  const bare = given.id === undefined ? undefined : parseId(given.id, wanted.prefix);
  const owned = given.uid == null && bare !== undefined;
  const byId = owned ? await catalog.find(call.organization, wanted.kind, { id: bare }, wanted.owner) : null;
  const uid = uidOf(given, wanted.prefix, wanted.loc);
  return byId ?? catalog.find(call.organization, wanted.kind, { uid }, wanted.owner);
}

/** The given uid, or the bare id in its place, so that importing twice makes one resource. */
function uidOf(
  given: { readonly id?: string; readonly uid?: string | null },
  prefix: PrefixName,
  loc: Loc,
): string {
  const uid = given.uid ?? (given.id === undefined ? undefined : parseId(given.id, prefix));
  if (uid === undefined) throw invalid([...loc, 'uid'], 'Give a uid, or the id that the export has.');
  return uid;
}

function once(seen: Set<string>, name: string, loc: Loc): void {
  if (seen.has(name)) throw invalid(loc, 'This is there twice in the document: keep one.');
  seen.add(name);
}
