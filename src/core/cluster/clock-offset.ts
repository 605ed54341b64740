/**
 * How far another clock is ahead of ours, from requests that it answered. Each says it to within its round trip: the
 * offset lies between (theirs - received) and (theirs - sent). It is what the last ones agree on; when they do not, one
 * of the clocks was set (or runs fast), and the last one counts.
 */
const ANSWERS_MAX = 8;

interface Range {
  readonly least: number;
  readonly most: number;
}

export class ClockOffset {
  #answers: readonly Range[] = [];

  /** `theirs`: what their clock said between `sentAt` and `receivedAt` of ours. All in ms. */
  answered(sentAt: number, theirs: number, receivedAt: number): void {
    const answer = { least: theirs - receivedAt, most: theirs - sentAt };
    const last = [...this.#answers.slice(1 - ANSWERS_MAX), answer];
    const { least, most } = common(last);
    this.#answers = least <= most ? last : [answer];
  }

  /** Ms to add to our clock; null = nobody has answered yet. */
  get value(): number | null {
    if (this.#answers.length === 0) return null;
    const { least, most } = common(this.#answers);
    return (least + most) / 2;
  }
}

/** What all ranges have in common; `least` > `most` = nothing. */
function common(ranges: readonly Range[]): Range {
  return {
    least: Math.max(...ranges.map(({ least }) => least)),
    most: Math.min(...ranges.map(({ most }) => most)),
  };
}
