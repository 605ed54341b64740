/**
 * A feed: asked at intervals, one event per new or changed item, oldest first. Where the feed announces a hub and the
 * settings want it, the hub is subscribed to; its calls make no events but a look at the feed within seconds.
 */
import type { HubCursor } from '../../core/received/hub-subscription.ts';
import type { InboundHost, InboundKind, RunningInbound } from '../../ports/inbound.ts';
import { type Answered, type Asker, makeAsker, type Validators, validatorsOf } from '../asking/ask.ts';
import { runRounds } from '../asking/rounds.ts';
import { documentItem, take } from '../asking/take.ts';
import { Trouble } from '../asking/trouble.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { type Change, compareItems, type KeptItem } from '../poll/compare-items.ts';
import { digest } from '../poll/fingerprint.ts';
import type { Steady } from '../steady.ts';
import { discoverFeed, discoverHub } from '../websub/discover-hub.ts';
import { decodeText } from './decode-text.ts';
import { announcedIn, followHub, NO_HUB } from './follow-hub.ts';
import { type Feed, type FeedItem, readFeed } from './read-feed.ts';
import { FEED_SECRETS, type FeedSettings, feedSettings, intervalMs } from './settings.ts';

const FEED_BYTES_MAX = 4 * 1024 * 1024;
const ACCEPT =
  'application/feed+json, application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5';
/** How often the cursor is asked whether the hub has called. */
const POKED_LOOK_MS = 5_000;

export function makeFeedKind(parts: InboundParts): InboundKind {
  return {
    kind: 'feed',
    check: (input) => void feedSettings(input),
    secretMembers: FEED_SECRETS,
    run: (host) => runFeed(parts, host),
  };
}

/** The cursor, beside what it holds of a hub. */
interface FeedState {
  /** What it is a state of. */
  readonly about: string;
  /** Counts what was written. */
  readonly round: number;
  readonly isPrimed: boolean;
  readonly seen: readonly KeptItem[];
}

function runFeed(parts: InboundParts, host: InboundHost): RunningInbound {
  const settings = feedSettings(host.input);
  const asker = makeAsker(parts, settings);
  const memory: Memory = { validators: null, hintMs: null, pokes: null, dueAt: 0, detail: null };
  const isPokable = (): boolean => memory.pokes !== null;
  const pace = {
    everyMs: () => (isPokable() ? POKED_LOOK_MS : intervalMs(settings, memory.hintMs)),
    jitterMs: () => (isPokable() ? 0 : settings.jitterMs),
  };
  const running = { parts, host, settings, asker, memory };
  return runRounds(parts, host, pace, async (steady) => {
    await look({ ...running, steady });
    return memory.detail;
  });
}

/** Of this run alone: without it the next start reads one answer more. */
interface Memory {
  validators: Validators | null;
  hintMs: number | null;
  /** How often the hub had called when we last looked; null = no hub calls us. */
  pokes: number | null;
  /** When it is asked although the hub has not called. */
  dueAt: number;
  /** What is to be told beside that all is well. */
  detail: string | null;
}

interface Running {
  readonly parts: InboundParts;
  readonly host: InboundHost;
  readonly settings: FeedSettings;
  readonly asker: Asker;
  readonly memory: Memory;
  readonly steady: Steady;
}

async function look(running: Running): Promise<void> {
  const { parts, host, settings, asker, memory, steady } = running;
  const { clock, dice } = parts;
  const cursor = ((await host.readCursor()) ?? {}) as Partial<FeedState> & HubCursor;
  const pokes = cursor.pokes ?? 0;
  const isPoked = memory.pokes !== null && pokes > memory.pokes;
  const dueInMs = memory.dueAt - clock.now();
  // Farther off than it was ever set, the clock was put back meanwhile.
  if (!isPoked && dueInMs > 0 && dueInMs <= intervalMs(settings, memory.hintMs) + settings.jitterMs) return;
  const answer = await asker.ask({
    ...{ url: settings.url, accept: ACCEPT, answerBytesMax: FEED_BYTES_MAX },
    ...{ validators: memory.validators, signal: steady.signal },
  });
  let announced = announcedIn(cursor.subscription);
  let leftOut: string | null = null;
  if (answer !== null) {
    const { feed, text } = feedIn(answer);
    leftOut = await takeNews(running, stateIn(cursor, settings), feed);
    // Not before its news were taken: else they would not be given again.
    memory.validators = validatorsOf(settings.url, answer);
    memory.hintMs = feed.everyMs;
    announced = discoverHub(answer, text);
  }
  const hub = settings.websub ? await followHub({ parts, host, page: settings.url }, announced) : NO_HUB;
  memory.detail = hub.detail ?? leftOut;
  memory.pokes = hub.isCalling ? pokes : null;
  // Without a hub each round asks: how long it slept says when.
  memory.dueAt = hub.isCalling
    ? clock.now() + intervalMs(settings, memory.hintMs) + dice.uniform() * settings.jitterMs
    : 0;
}

function feedIn(answer: Answered): { readonly feed: Feed; readonly text: string } {
  const text = decodeText(answer.body, answer.headers['content-type'] ?? '');
  const feed = readFeed(text, answer.url);
  if (feed !== null) return { feed, text };
  const elsewhere = discoverFeed(answer, text);
  throw new Trouble(
    elsewhere === null
      ? `${new URL(answer.url).host} answered what is no feed that can be read (RSS, Atom, RDF or JSON Feed)`
      : `This is a web page; its feed is at ${elsewhere}`,
  );
}

function stateIn(cursor: Partial<FeedState>, { url }: FeedSettings): FeedState {
  const about = digest(url);
  const { round = 0, isPrimed = false, seen = [] } = cursor;
  return cursor.about === about
    ? { about, round, isPrimed, seen }
    : { about, round, isPrimed: false, seen: [] };
}

/** Events first, then the cursor: what a crash brings again has the same key. */
async function takeNews(running: Running, state: FeedState, feed: Feed): Promise<string | null> {
  const { host, settings, steady } = running;
  const items = new Map(feed.items.map((value) => [value.id, { id: value.id, value }]));
  const { changes, kept } = compareItems(state.seen, [...items.values()], {
    // Some feeds give every item the date of today.
    ignore: ['published'],
    missingIsGone: false,
  });
  const wanted = changes.filter(({ kind }) => kind === 'created' || settings.emitUpdated);
  // Asked for none, -0 would give all.
  const news = state.isPrimed ? wanted : settings.firstRun === 0 ? [] : wanted.slice(-settings.firstRun);
  let leftOut: string | null = null;
  for (const change of news) {
    if (steady.isStopped) return null;
    leftOut ??= (await take(host, itemOf({ host, settings, feed, round: state.round }, change))).leftOut;
  }
  if (changes.length > 0 || !state.isPrimed) {
    const seen = kept.map(([id, hash]): KeptItem => [id, hash]);
    // Read again: whoever receives the hub's calls writes its part at any time.
    const { subscription = null, pokes = 0 } = ((await host.readCursor()) ?? {}) as HubCursor;
    await host.writeCursor({
      about: state.about,
      round: state.round + 1,
      isPrimed: true,
      seen,
      subscription,
      pokes,
    });
  }
  return leftOut === null ? null : `An event was left out: ${leftOut}`;
}

interface Naming {
  readonly host: InboundHost;
  readonly settings: FeedSettings;
  readonly feed: Feed;
  readonly round: number;
}

function itemOf({ host, settings, feed, round }: Naming, change: Change): ReturnType<typeof documentItem> {
  const { kind, id, hash } = change;
  const item = (kind === 'deleted' ? change.before : change.after) as FeedItem;
  return documentItem(
    host,
    { ...item, feed: feed.about },
    {
      type: `${settings.typePrefix}.${kind}`,
      dedupeKey: `${round}.${digest(JSON.stringify([kind, id, hash]))}`,
      orderingKey: id,
      meta: { change: kind, id, url: settings.url },
    },
  );
}
