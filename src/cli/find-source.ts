import type { ApiSource, Client } from '../client/create-client.ts';
import { ServerProblem } from '../client/server-problem.ts';
import { BadSetting } from '../config/parse.ts';

const PAGE_ITEMS = 250;
/** Ten thousand sources. */
const PAGES_MAX = 40;
const NAMES_SHOWN = 10;

/** The source that somebody means: by id, uid, URL or name. Throws BadSetting that says which there are. */
export async function findSource(client: Client, ref: string): Promise<ApiSource> {
  const token = /\/in\/([^/?#]+)/.exec(ref)?.[1];
  if (token === undefined) {
    const found = await byIdOrUid(client, ref);
    if (found !== null) return found;
  }
  const all = await listSources(client);
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const fitting = all.filter(({ name, url }) =>
    token === undefined ? same(name, ref) : url.endsWith(`/in/${token}`),
  );
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length > 1) {
    const ids = fitting.map(({ id }) => id).join(', ');
    throw new BadSetting('<source>', `${JSON.stringify(ref)} is the name of several: give one of ${ids}.`);
  }
  const names = all.slice(0, NAMES_SHOWN).map(({ name, uid }) => uid ?? JSON.stringify(name));
  const more = all.length > NAMES_SHOWN ? ', …' : '';
  throw new BadSetting(
    '<source>',
    names.length === 0
      ? 'there is none yet: POST /api/v1/source makes one.'
      : `${JSON.stringify(ref)} is no id, uid, name or URL of a source; there are: ${names.join(', ')}${more}.`,
  );
}

export async function listSources(client: Client): Promise<readonly ApiSource[]> {
  const all: ApiSource[] = [];
  let iterator: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const {
      data,
      iterator: next,
      done,
    } = await client.listSources({
      limit: PAGE_ITEMS,
      ...(iterator === undefined ? {} : { iterator }),
    });
    all.push(...data);
    if (done || next === null) break;
    iterator = next;
  }
  return all;
}

async function byIdOrUid(client: Client, ref: string): Promise<ApiSource | null> {
  try {
    return await client.getSource(ref);
  } catch (cause) {
    if (
      cause instanceof ServerProblem &&
      (cause.status === 404 || cause.status === 422 || cause.status === 400)
    )
      return null;
    throw cause;
  }
}
