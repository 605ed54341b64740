/** What every driver's search must do: name every received event that may match, of its own organization only. */
import assert from 'node:assert/strict';
import { type EventId, type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { CandidateQuery, IndexEntry } from '../../ports/search.ts';
import type { Storage } from '../../ports/storage.ts';
import { ADA, acceptanceOf, CYD, DAY, MINUTE, NOON, pruneAll, receivedOf } from './samples.ts';
import type { Cases } from './storage-test.ts';

const [RED, BLUE, ROUND, NEVER] = [2 ** 47 + 3, 7, 2 ** 40 + 7, 5] as const;

const ALL: CandidateQuery = {
  ...{ terms: [], before: null, after: 0, direction: 'newest-first', since: null, until: null },
  ...{ limit: 100, bytesMax: 1e9, withContent: false },
};

interface Kept extends IndexEntry {
  readonly at: number;
}

const textOf = (content: Uint8Array | null): string => Buffer.from(content!).toString();

/** One event a minute, oldest first; not indexed. */
async function receiveEach(
  storage: Storage,
  terms: readonly (readonly number[])[],
  { organization = ADA, from = NOON }: { organization?: OrganizationId; from?: number } = {},
): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const [i, own] of terms.entries()) {
    const at = from + i * MINUTE;
    const acceptance = acceptanceOf(
      [],
      { applicationId: RECEIVED, acceptedAt: at, received: receivedOf() },
      { organization },
    );
    const result = await storage.intake.accept(acceptance);
    if (result.kind !== 'accepted') throw new Error(result.kind);
    const { id } = acceptance.event;
    kept.push({ organization, seq: result.seq, id, terms: own, overflows: false, at });
  }
  return kept;
}

async function indexEach(...[storage, terms, options]: Parameters<typeof receiveEach>): Promise<Kept[]> {
  const kept = await receiveEach(storage, terms, options);
  await storage.search.index(kept);
  return kept;
}

async function find(
  storage: Storage,
  query: Partial<CandidateQuery> = {},
  organization = ADA,
): Promise<EventId[]> {
  const { rows } = await storage.search.candidates(organization, { ...ALL, ...query });
  return rows.map(({ event }) => event.id);
}

const idsOf = (entries: readonly IndexEntry[]): EventId[] => entries.map(({ id }) => id);

/** Page after page, as a caller does it. */
async function findAll(storage: Storage, query: Partial<CandidateQuery>): Promise<EventId[]> {
  const found: EventId[] = [];
  const whole = { ...ALL, ...query };
  let [before, after] = [whole.before, whole.after];
  for (let pages = 0; pages < 100; pages++) {
    const { rows, scannedTo } = await storage.search.candidates(ADA, { ...whole, before, after });
    found.push(...rows.map(({ event }) => event.id));
    if (scannedTo === null) return found;
    if (whole.direction === 'newest-first') before = scannedTo;
    else after = scannedTo;
  }
  throw new Error('The pages do not come to an end.');
}

/** What is not indexed yet of this case's organizations; other cases may share the store. */
async function unindexed(storage: Storage): Promise<readonly Kept[]> {
  // What was committed a moment ago may be undecided.
  for (let i = 0; i < 100; i++) {
    const rows = await storage.search.takeUnindexed({ limit: 1000, bytesMax: 1e9 });
    const own = rows.filter(({ organization }) => organization === ADA || organization === CYD);
    if (own.length > 0 || i > 20) {
      return own.map(({ organization, seq, event }) => {
        return { organization, seq, id: event.id, terms: [], overflows: false, at: event.acceptedAt };
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return [];
}

const filling: Cases = {
  'hands out received events that are not indexed yet, with contents, of every organization': async ({
    storage,
  }) => {
    const ada = await receiveEach(storage, [[RED], [BLUE]]);
    const cyd = await receiveEach(storage, [[RED]], { organization: CYD });
    await storage.intake.accept(acceptanceOf([]));
    const taken = await unindexed(storage);
    const of = (organization: OrganizationId) =>
      idsOf(taken.filter((row) => row.organization === organization));
    assert.deepEqual([of(ADA), of(CYD)], [idsOf(ada), idsOf(cyd)]);
    const rows = await storage.search.takeUnindexed({ limit: 1000, bytesMax: 1e9 });
    const first = rows.find(({ event }) => event.id === ada[0]!.id)!;
    assert.equal(textOf(first.content), JSON.stringify({ id: ada[0]!.id }));
  },

  'hands out no more than was asked for, but one at least': async ({ storage }) => {
    await receiveEach(storage, [[], [], []]);
    await unindexed(storage);
    assert.equal((await storage.search.takeUnindexed({ limit: 2, bytesMax: 1e9 })).length, 2);
    assert.equal((await storage.search.takeUnindexed({ limit: 1000, bytesMax: 1 })).length, 1);
  },

  'goes on after what was indexed, also when it is opened again': async (opened) => {
    let { storage } = opened;
    const kept = await receiveEach(storage, [[RED], [RED], [BLUE]]);
    await storage.search.index(kept.slice(0, 2));
    if (opened.reopen) storage = await opened.reopen();
    assert.deepEqual(idsOf(await unindexed(storage)), [kept[2]!.id]);
    await storage.search.index(kept.slice(2));
    assert.deepEqual(await unindexed(storage), []);
  },

  'indexes an event once, however often it is told to': async ({ storage }) => {
    const kept = await indexEach(storage, [[RED, ROUND], [RED]]);
    await storage.search.index(kept);
    await storage.search.index(kept.slice(0, 1));
    await storage.search.index([]);
    assert.deepEqual(await find(storage, { terms: [RED] }), idsOf(kept.toReversed()));
    assert.deepEqual(await unindexed(storage), []);
  },
};

const finding: Cases = {
  'finds the events that have every term': async ({ storage }) => {
    const [both, red] = (await indexEach(storage, [[RED, ROUND], [RED], [BLUE, ROUND], []])) as [Kept, Kept];
    assert.deepEqual(await find(storage, { terms: [RED] }), [red.id, both.id]);
    assert.deepEqual(await find(storage, { terms: [ROUND, RED] }), [both.id]);
    assert.deepEqual(await find(storage, { terms: [NEVER] }), []);
    assert.equal((await find(storage)).length, 4);
  },

  'finds what is not indexed yet, and what has too many terms, whatever is asked for': async ({
    storage,
  }) => {
    const [, many] = await receiveEach(storage, [[BLUE], [], [BLUE]]).then(async (kept) => {
      const marked = kept.map((entry, i) => ({ ...entry, overflows: i === 1 }));
      await storage.search.index(marked);
      return marked;
    });
    const [late] = await receiveEach(storage, [[BLUE]], { from: NOON + 10 * MINUTE });
    assert.deepEqual(await find(storage, { terms: [RED] }), [late!.id, many!.id]);
    const oldest = await find(storage, { terms: [RED], direction: 'oldest-first' });
    assert.deepEqual(oldest, [many!.id, late!.id]);
  },

  'tells nobody of another organization’s events': async ({ storage }) => {
    const [own] = await indexEach(storage, [[RED]]);
    await indexEach(storage, [[RED], [RED]], { organization: CYD });
    await receiveEach(storage, [[RED]], { organization: CYD });
    assert.deepEqual(await find(storage, { terms: [RED] }), [own!.id]);
    assert.deepEqual(await find(storage), [own!.id]);
    assert.deepEqual(await find(storage, {}, 'org_nobody' as OrganizationId), []);
  },

  'pages both ways, without a gap or a repeat, over what is indexed and what is not': async ({ storage }) => {
    const indexed = await indexEach(storage, [[RED], [BLUE], [RED], [RED], [BLUE], [RED]]);
    const late = await receiveEach(storage, [[RED], [RED], [RED]], { from: NOON + 10 * MINUTE });
    const wanted = idsOf([...indexed.filter(({ terms }) => terms.includes(RED)), ...late]);
    for (const limit of [1, 2, 3, 100]) {
      assert.deepEqual(await findAll(storage, { terms: [RED], limit }), wanted.toReversed());
      assert.deepEqual(await findAll(storage, { terms: [RED], limit, direction: 'oldest-first' }), wanted);
    }
  },

  'ends a page with the row that takes it past the bytes': async ({ storage }) => {
    const kept = await indexEach(storage, [[RED], [RED], [RED]]);
    const query = { terms: [RED], withContent: true, bytesMax: 40 };
    const page = await storage.search.candidates(ADA, { ...ALL, ...query });
    assert.deepEqual(
      page.rows.map(({ event, content }) => [event.id, textOf(content)]),
      [kept[2]!, kept[1]!].map(({ id }) => [id, JSON.stringify({ id })]),
    );
    assert.equal(page.scannedTo, kept[1]!.seq);
    assert.deepEqual(await findAll(storage, query), idsOf(kept.toReversed()));
  },

  'keeps to a range of time and of order': async ({ storage }) => {
    const kept = await indexEach(
      storage,
      Array.from({ length: 9 }, (_, i) => [i % 3 === 2 ? BLUE : RED]),
    );
    const wanted = (from: number, to: number) =>
      idsOf(kept.slice(from, to).filter(({ terms }) => terms[0] === RED)).reverse();
    const range = { since: NOON + 2 * MINUTE, until: NOON + 7 * MINUTE };
    assert.deepEqual(await find(storage, { terms: [RED], ...range }), wanted(2, 7));
    assert.deepEqual(await find(storage, range), idsOf(kept.slice(2, 7)).reverse());
    const order = { after: kept[1]!.seq, before: kept[6]!.seq };
    assert.deepEqual(await find(storage, { terms: [RED], ...order }), wanted(2, 6));
    assert.deepEqual(await find(storage, { terms: [RED], since: NOON + DAY }), []);
    assert.deepEqual(await find(storage, { terms: [RED], until: NOON }), []);
  },
};

/** Numbers that look like chance and are the same each time. */
function diceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

const DAYS = 4;
const EVENTS = 60;

/** Many questions about many events over some days, each answered as by looking at every event. */
export async function searchMany(storage: Storage): Promise<void> {
  const dice = diceOf(7);
  const some = (below: number) => [0, 1, 2, 3, 4].filter(() => dice(below) === 0);
  const all: Kept[] = [];
  for (let day = DAYS; day > 0; day--) {
    const terms = Array.from({ length: EVENTS / DAYS }, () => some(2));
    const kept = await receiveEach(storage, terms, { from: NOON - day * DAY });
    const marked = kept.map((entry) => ({ ...entry, overflows: dice(12) === 0 }));
    if (day > 1) await storage.search.index(marked);
    all.push(...(day > 1 ? marked : kept.map((entry) => ({ ...entry, overflows: true }))));
  }
  for (let i = 0; i < 40; i++) {
    const terms = some(3);
    const [from, to] = [dice(EVENTS), dice(EVENTS)].sort((a, b) => a - b) as [number, number];
    const isTimed = dice(2) === 0;
    const isUp = dice(2) === 0;
    const range = { since: all[from]!.at, until: all[to]!.at };
    const wanted = idsOf(
      all
        .slice(isTimed ? from : 0, isTimed ? to : EVENTS)
        .filter((event) => event.overflows || terms.every((term) => event.terms.includes(term))),
    );
    const query = { terms, limit: 1 + dice(20), direction: isUp ? 'oldest-first' : 'newest-first' } as const;
    const found = await findAll(storage, isTimed ? { ...query, ...range } : query);
    assert.deepEqual(
      found,
      isUp ? wanted : wanted.toReversed(),
      JSON.stringify({ ...query, isTimed, from, to }),
    );
  }
}

const forgetting: Cases = {
  'answers as somebody who looks at every event': ({ storage }) => searchMany(storage),

  'forgets what is older than the history': async ({ storage }) => {
    const old = await indexEach(storage, [[RED], [RED]], { from: NOON - 40 * DAY });
    const [kept] = await indexEach(storage, [[RED]], { from: NOON - DAY });
    assert.deepEqual(await find(storage, { terms: [RED] }), idsOf([...old, kept!]).reverse());
    await pruneAll(storage, { now: NOON, historyBefore: NOON - 30 * DAY, limit: 100 });
    assert.deepEqual(await find(storage, { terms: [RED] }), [kept!.id]);
    await storage.search.index(old);
    assert.deepEqual(await find(storage, { terms: [RED] }), [kept!.id]);
  },

  'finds an event whose content was expunged by no term any more': async ({ storage }) => {
    const scope = { organization: ADA, applicationId: RECEIVED };
    const [first, second, third] = (await indexEach(storage, [[RED], [RED], [RED]])) as [Kept, Kept, Kept];
    await storage.history.expungeContent(scope, second.id);
    assert.deepEqual(await find(storage, { terms: [RED] }), idsOf([third, first]));
    const range = { after: null, before: NOON + MINUTE, limit: 10 };
    await storage.history.expungeContents(scope, range);
    assert.deepEqual(await find(storage, { terms: [RED] }), [third.id]);
    assert.equal((await find(storage)).length, 3);
  },
};

export const searchCases: Cases = { ...filling, ...finding, ...forgetting };
