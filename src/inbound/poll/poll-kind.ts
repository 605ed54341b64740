/**
 * A polled API: asked at intervals, compared with what it said before, one event per change.
 *
 * Events are taken first, then the cursor is written. What a crash in between brings again has the same `dedupeKey`,
 * for that is made of the round's number, the item and its new value; an item that goes from A to B to A makes two.
 */
import type { InboundHost, InboundKind, RunningInbound } from '../../ports/inbound.ts';
import { makeAsker, type Validators } from '../asking/ask.ts';
import { runRounds } from '../asking/rounds.ts';
import { documentItem, take } from '../asking/take.ts';
import type { InboundParts } from '../inbound-parts.ts';
import type { Steady } from '../steady.ts';
import {
  type Change,
  type Comparison,
  compareItems,
  type Item,
  identify,
  type KeptItem,
} from './compare-items.ts';
import { fetchRound, type Round } from './fetch-round.ts';
import { digest } from './fingerprint.ts';
import { patchOf } from './patch.ts';
import { POLL_SECRETS, type PollSettings, pollSettings } from './settings.ts';

export function makePollKind(parts: InboundParts): InboundKind {
  return {
    kind: 'poll',
    check: (input) => void pollSettings(input),
    secretMembers: POLL_SECRETS,
    run: (host) => runPoll(parts, host),
  };
}

function runPoll(parts: InboundParts, host: InboundHost): RunningInbound {
  const settings = pollSettings(host.input);
  const asker = makeAsker(parts, settings);
  const pace = { everyMs: () => settings.everyMs, jitterMs: () => settings.jitterMs };
  let state: PollState | null = null;
  return runRounds(parts, host, pace, async (steady) => {
    const before = state ?? stateIn(await host.readCursor(), settings);
    const round = await fetchRound({ asker, settings, signal: steady.signal }, before);
    if (round === null) {
      state = before;
      return null;
    }
    const told = await settle({ host, settings, steady }, before, round);
    state = told.state;
    return told.detail;
  });
}

/** The cursor. */
interface PollState {
  /** What it is a state of: with another URL, list or id nothing can be compared. */
  readonly about: string;
  /** Counts what was written. */
  readonly round: number;
  /** The first run is over. */
  readonly isPrimed: boolean;
  readonly position: string | null;
  readonly validators: Validators | null;
  readonly items: readonly KeptItem[];
}

function stateIn(cursor: unknown, settings: PollSettings): PollState {
  const { url, items, idKey, ignore, cursor: parameter } = settings;
  const about = digest(JSON.stringify([url, items, idKey, ignore, parameter]));
  const known = cursor as PollState | null;
  if (known?.about === about) return known;
  const round = known?.round ?? 0;
  return { about, round, isPrimed: false, position: null, validators: null, items: [] };
}

interface Running {
  readonly host: InboundHost;
  readonly settings: PollSettings;
  readonly steady: Steady;
}

/** Takes the events of a round, then writes the cursor; in this order. */
async function settle(
  { host, settings, steady }: Running,
  before: PollState,
  round: Round,
): Promise<{ state: PollState; detail: string | null }> {
  const { changes, kept } = compare(settings, before, round);
  const isSilent = !before.isPrimed && settings.firstRun === 'silent';
  let leftOut: string | null = null;
  for (const change of isSilent ? [] : changes) {
    // Without the cursor's being written the rest comes again.
    if (steady.isStopped) return { state: before, detail: null };
    const taken = await take(
      host,
      itemOf({ host, settings, round: before.round, isText: 'text' in round.content }, change),
    );
    leftOut ??= taken.leftOut;
  }
  const { position, validators } = round;
  // With a cursor, the first run is as long as there are further pages of old items.
  const isPrimed = before.isPrimed || round.isWhole || settings.cursor === null;
  const isNews = changes.length > 0 || position !== before.position || isPrimed !== before.isPrimed;
  const next = { about: before.about, round: before.round + 1, isPrimed, position, validators, items: kept };
  if (isNews) await host.writeCursor(next);
  return {
    // Validators alone are not worth a write: without them the next start reads one answer more.
    state: isNews ? next : { ...before, validators },
    detail: leftOut === null ? null : `An event was left out: ${leftOut}`,
  };
}

function compare(settings: PollSettings, before: PollState, { content, isWhole }: Round): Comparison {
  const { ignore, idKey, emitDeleted } = settings;
  if ('list' in content)
    return compareItems(before.items, identify(content.list, idKey), {
      ignore,
      missingIsGone: emitDeleted && isWhole,
    });
  const document: Item = { id: '', value: 'json' in content ? content.json : content.text };
  return compareItems(before.items, [document], { ignore, missingIsGone: false });
}

interface Naming {
  readonly host: InboundHost;
  readonly settings: PollSettings;
  readonly round: number;
  readonly isText: boolean;
}

function itemOf({ host, settings, round, isText }: Naming, change: Change): ReturnType<typeof documentItem> {
  const { kind, id, hash } = change;
  const before = kind === 'created' ? undefined : change.before;
  const after = kind === 'deleted' ? undefined : change.after;
  const diff = isText || before === undefined || after === undefined ? null : patchOf(before, after);
  const name = isText ? 'changed' : kind;
  return documentItem(
    host,
    { change: name, id: id === '' ? null : id, before: before ?? null, after: after ?? null, diff },
    {
      type: `${settings.typePrefix}.${name}`,
      dedupeKey: `${round}.${digest(JSON.stringify([kind, id, hash]))}`,
      orderingKey: id === '' ? null : id,
      meta: { change: name, id, hash, url: settings.url },
    },
  );
}
