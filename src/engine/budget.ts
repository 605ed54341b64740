/** What lanes hold in memory, counted against a limit of their own and one that they share. */
import type { QueuedDelivery } from '../ports/queue.ts';
import type { EngineMetrics } from './engine.ts';

/** What a delivery costs beside its payload: its event, its place in lists. An estimate, so that empty payloads count. */
const DELIVERY_BYTES = 512;
/** A lane may always hold so many, however full the memory is: otherwise sleeping lanes could starve it for good. */
const ITEMS_ALWAYS = 8;

export interface BudgetLimits {
  readonly laneItemsMax: number;
  readonly laneBytesMax: number;
  readonly memoryBytesMax: number;
}

export function deliveryBytes(delivery: QueuedDelivery): number {
  return DELIVERY_BYTES + (delivery.content === null ? 0 : delivery.content.byteLength);
}

/** One lane's part. What all lanes hold together is counted in the metrics. */
export class Budget {
  items = 0;
  bytes = 0;
  readonly limits: BudgetLimits;
  readonly #total: EngineMetrics;

  constructor(limits: BudgetLimits, total: EngineMetrics) {
    this.limits = limits;
    this.#total = total;
  }

  get hasRoom(): boolean {
    if (this.items < ITEMS_ALWAYS) return true;
    return (
      this.items < this.limits.laneItemsMax &&
      this.bytes < this.limits.laneBytesMax &&
      this.#total.heldBytes < this.limits.memoryBytesMax
    );
  }

  /** Few enough that reading more is worth a read. */
  get isLow(): boolean {
    return this.items * 2 < this.limits.laneItemsMax && this.bytes * 2 < this.limits.laneBytesMax;
  }

  /** How many deliveries a read may bring. */
  get itemsLeft(): number {
    if (this.#total.heldBytes >= this.limits.memoryBytesMax) return Math.max(1, ITEMS_ALWAYS - this.items);
    return Math.max(1, this.limits.laneItemsMax - this.items);
  }

  get bytesLeft(): number {
    const free = Math.min(
      this.limits.laneBytesMax - this.bytes,
      this.limits.memoryBytesMax - this.#total.heldBytes,
    );
    return Math.max(1, free);
  }

  add(delivery: QueuedDelivery): void {
    const bytes = deliveryBytes(delivery);
    this.items++;
    this.bytes += bytes;
    this.#total.heldInMemory++;
    this.#total.heldBytes += bytes;
  }

  remove(delivery: QueuedDelivery): void {
    const bytes = deliveryBytes(delivery);
    this.items--;
    this.bytes -= bytes;
    this.#total.heldInMemory--;
    this.#total.heldBytes -= bytes;
  }
}
