import type { Facts, Violation } from '../facts.ts';
import type { Scenario } from '../scenario.ts';
import type { FinalState, Story, StorySend } from '../story.ts';

/** What a check may read: everything that happened, and what the store says at the end. */
export interface Evidence {
  readonly scenario: Scenario;
  /** When the scenario began, by the clock: its instants count from here. */
  readonly startedAt: number;
  readonly facts: Facts;
  readonly stories: ReadonlyMap<string, Story>;
  readonly final: FinalState;
}

/** Looks at one promise over a whole run. */
export type Check = (evidence: Evidence) => Violation[];

export function broken(
  promise: string,
  detail: string,
  about: { story?: Story; send?: StorySend },
): Violation {
  const { story, send } = about;
  const words = story === undefined ? [] : [story.accept.acceptance.event.id as string];
  const endpoint = story?.endpoint.index ?? send?.fact.endpoint;
  return { promise, detail, about: endpoint === undefined ? words : [...words, `e${endpoint}`] };
}
