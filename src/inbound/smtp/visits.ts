/** Who is connected: the bounds that hold for one connection, and what is known of its mailboxes. */
import type { Clock } from '../../ports/clock.ts';
import type { SmtpLimits } from './smtp-limits.ts';
import type { Mailbox } from './take-message.ts';

export interface Visit {
  readonly peer: string;
  /** Of the transaction under way, by the address as the client wrote it. */
  readonly mailboxes: Map<string, Mailbox>;
  unknownMailboxes: number;
  commands: number;
  /** A message is being received, checked or stored. */
  isBusy: boolean;
  /** Ends the present stage's time. */
  cancel: () => void;
}

export class Visits {
  readonly #visits = new Map<string, Visit>();
  readonly #clock: Clock;
  readonly #limits: SmtpLimits;
  readonly #tooSlow: (id: string) => void;

  constructor(clock: Clock, limits: SmtpLimits, tooSlow: (id: string) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tooSlow = tooSlow;
  }

  /** null = this peer has as many connections as it may. */
  enter(id: string, peer: string): Visit | null {
    const ofPeer = [...this.#visits.values()].filter((visit) => visit.peer === peer).length;
    if (ofPeer >= this.#limits.connectionsPerPeerMax) return null;
    const visit: Visit = {
      peer,
      mailboxes: new Map(),
      unknownMailboxes: 0,
      commands: 0,
      isBusy: false,
      cancel: () => {},
    };
    this.#visits.set(id, visit);
    this.beginStage(id, visit);
    return visit;
  }

  get(id: string): Visit | undefined {
    return this.#visits.get(id);
  }

  beginStage(id: string, visit: Visit): void {
    visit.cancel();
    visit.cancel = this.#clock.after(this.#limits.stageMs, () => this.#tooSlow(id));
  }

  leave(id: string): void {
    this.#visits.get(id)?.cancel();
    this.#visits.delete(id);
  }
}
