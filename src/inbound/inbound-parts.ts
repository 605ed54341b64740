/** What every way in is made of. */
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';
import type { InboundKind } from '../ports/inbound.ts';
import type { Log } from '../ports/log.ts';
import type { Web } from '../ports/web.ts';

export interface InboundParts {
  readonly web: Web;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  /** Sent to strangers where they ask for a name. */
  readonly userAgent: string;
  /** Where strangers reach this server, for callbacks (WebSub). */
  readonly publicUrl: string;
}

export type MakeInboundKind = (parts: InboundParts) => InboundKind;
