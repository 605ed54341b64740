/** A way in that asks at intervals: one round after another, with health told when it changes. */
import type { InboundHost, RunningInbound } from '../../ports/inbound.ts';
import type { InboundParts } from '../inbound-parts.ts';
import { keepTrying, type Steady } from '../steady.ts';
import { sentenceOf } from './trouble.ts';

export interface Pace {
  /** From the end of a round to the next; asked after each, for a server may have hinted at another. */
  everyMs(): number;
  /** Up to so much is added at random, so that many sources do not ask at once. */
  jitterMs(): number;
}

/** Retries are quicker than the interval where that is long, and never much rarer. */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;
/** After a start; every source of a node starts at once. */
const FIRST_ROUND_WITHIN_MS = 5_000;

/** `round` gets things once; throws Trouble or TryLater. A string it returns is told as the detail of good health. */
export function runRounds(
  parts: InboundParts,
  host: InboundHost,
  pace: Pace,
  round: (steady: Steady) => Promise<string | null>,
): RunningInbound {
  const { dice } = parts;
  const tell = healthTeller(host);
  const pauses = {
    firstMs: Math.min(pace.everyMs(), FIRST_PAUSE_MS),
    longestMs: Math.max(pace.everyMs(), LONGEST_PAUSE_MS),
  };
  let isFirst = true;
  return keepTrying({ ...parts, pauses, onFailure: failureTeller(parts, host, tell) }, async (steady) => {
    if (isFirst) await steady.sleep(dice.uniform() * Math.min(pace.jitterMs(), FIRST_ROUND_WITHIN_MS));
    isFirst = false;
    if (steady.isStopped) return;
    const detail = await round(steady);
    steady.succeeded();
    tell('running', detail);
    await steady.sleep(pace.everyMs() + dice.uniform() * pace.jitterMs());
  });
}

export type TellHealth = InboundHost['health'];

/** Health is a row in the store: what was told last is not told again. */
export function healthTeller(host: InboundHost): TellHealth {
  let told = '';
  return (state, detail) => {
    const news = `${state} ${detail}`;
    if (news === told) return;
    told = news;
    host.health(state, detail);
  };
}

/** Expected trouble goes to health; a bug goes to the log, and health says so. */
export function failureTeller(
  { log }: InboundParts,
  { source }: InboundHost,
  tell: TellHealth,
): (error: unknown, pauseMs: number) => void {
  return (error, pauseMs) => {
    const sentence = sentenceOf(error);
    const fields = { source: source.id, kind: source.kind };
    if (sentence === null) log.error('inbound.failed', error, fields);
    else log.warn('inbound.failed', { ...fields, detail: sentence, pauseMs });
    tell('failing', `${sentence ?? 'Something unexpected went wrong; the log of this node says what'}.`);
  };
}
