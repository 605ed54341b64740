/** Readers of members of a task's input. An input is plain JSON: bare ids, instants in ms, null for "not given". */
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import { type Id, isId } from '../../core/ids.ts';
import { invalid } from '../../core/problem.ts';
import type { TaskData } from './task-kind.ts';

const STATUSES: readonly DeliveryStatus[] = ['delivered', 'pending', 'failed', 'sending', 'canceled'];

export function readId<Name extends string>(input: TaskData, member: string): Id<Name> {
  const value = input[member];
  if (typeof value !== 'string' || !isId(value))
    throw invalid(['input', member], `Give the id of ${member}.`);
  return value as Id<Name>;
}

export function readOptionalId<Name extends string>(input: TaskData, member: string): Id<Name> | null {
  return isGiven(input, member) ? readId(input, member) : null;
}

export function readOptionalIds<Name extends string>(
  input: TaskData,
  member: string,
): readonly Id<Name>[] | null {
  if (!isGiven(input, member)) return null;
  return readOptionalTexts(input, member)!.map((id) => readId<Name>({ [member]: id }, member));
}

export function readInstant(input: TaskData, member: string): number {
  const value = input[member];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw invalid(['input', member], `Give ${member} as an instant.`);
  }
  return value;
}

export function readOptionalInstant(input: TaskData, member: string): number | null {
  return isGiven(input, member) ? readInstant(input, member) : null;
}

export function readOptionalText(input: TaskData, member: string): string | null {
  const value = input[member];
  if (!isGiven(input, member)) return null;
  if (typeof value !== 'string') throw invalid(['input', member], `Give ${member} as text.`);
  return value;
}

export function readOptionalTexts(input: TaskData, member: string): readonly string[] | null {
  const value = input[member];
  if (!isGiven(input, member)) return null;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalid(['input', member], `Give ${member} as a list of texts.`);
  }
  return value as string[];
}

export function readOptionalStatus(input: TaskData, member: string): DeliveryStatus | null {
  const value = readOptionalText(input, member);
  const status = STATUSES.find((candidate) => candidate === value);
  if (value !== null && status === undefined) {
    throw invalid(['input', member], `Give ${member} as one of ${STATUSES.join(', ')}.`);
  }
  return status ?? null;
}

export function readOptionalStatusClass(input: TaskData, member: string): number | null {
  const value = input[member];
  if (!isGiven(input, member)) return null;
  if (typeof value !== 'number' || ![0, 100, 200, 300, 400, 500].includes(value)) {
    throw invalid(['input', member], `Give ${member} as 0, 100, 200, 300, 400 or 500.`);
  }
  return value;
}

function isGiven(input: TaskData, member: string): boolean {
  return input[member] !== undefined && input[member] !== null;
}
