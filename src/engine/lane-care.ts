/** What a change of a destination means for its lane, if it is here. Other nodes hear of the change by themselves. */
import { isHealthy } from '../core/delivery/health.ts';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import type { LaneKey } from '../ports/queue.ts';
import type { EngineParts } from './engine.ts';
import type { Lanes } from './lanes.ts';
import type { Retrier } from './retrier.ts';

const HURRIED_PER_STEP = 500;

export class LaneCare {
  readonly #parts: EngineParts;
  readonly #lanes: Lanes;
  readonly #retrier: Retrier;

  constructor(parts: EngineParts, { lanes, retrier }: { lanes: Lanes; retrier: Retrier }) {
    this.#parts = parts;
    this.#lanes = lanes;
    this.#retrier = retrier;
  }

  /** Disabled or removed: the lane finds it gone at its next turn and cancels what waits. */
  closed(key: LaneKey): void {
    const lane = this.#lanes.find(key.destinationId);
    if (lane === undefined) return;
    lane.restsUntil = 0;
    lane.supply.mark();
    this.#lanes.wake(lane);
  }

  /** Every lane of an application that was removed. */
  ownerRemoved(organization: OrganizationId, applicationId: ApplicationId): void {
    for (const lane of this.#lanes.all()) {
      const isItsOwn = lane.ownerId === applicationId || lane.ownerId === undefined;
      if (isItsOwn && lane.organization === organization) this.closed(lane);
    }
  }

  /** Enabled again: what waits goes now, not when its retry would have been due. */
  reopened(key: LaneKey): void {
    const known = this.#lanes.here(key);
    if (known !== undefined) this.#lanes.forgive(known);
    const fields = { organization: key.organization, destinationId: key.destinationId };
    void this.#retrier.untilDone('lane.hurry', fields, async () => {
      await this.#hurryAll(key);
      const lane = this.#lanes.here(key);
      if (lane === undefined) this.#parts.storage.cluster.wake([key]);
      else this.#lanes.reread(lane);
    });
  }

  /**
   * Another node changed something of this organization: a destination may be gone, or a person may have done away with
   * what was held against it.
   */
  catalogChanged(organization: OrganizationId): void {
    for (const lane of this.#lanes.all()) {
      if (lane.organization !== organization) continue;
      if (!isHealthy(lane.health)) lane.isHealthKnown = false;
      lane.restsUntil = 0;
      if (!lane.isIdle) this.#lanes.wake(lane);
    }
  }

  changed(key: LaneKey, { isForgiven }: { isForgiven: boolean }): void {
    const lane = this.#lanes.find(key.destinationId);
    if (lane === undefined) return;
    if (isForgiven) this.#lanes.forgive(lane);
    else this.#lanes.wake(lane);
  }

  async #hurryAll(key: LaneKey): Promise<void> {
    const { clock, storage } = this.#parts;
    for (let hurried = HURRIED_PER_STEP; hurried >= HURRIED_PER_STEP; ) {
      hurried = await storage.queue.hurry(key, { now: clock.now(), limit: HURRIED_PER_STEP });
    }
  }
}
