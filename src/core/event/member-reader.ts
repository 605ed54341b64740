/** Reads the members that a scan has found, and gathers what is wrong with them until `finish`. */
import { type FieldError, Problem } from '../problem.ts';
import { type Member, readText, readValue } from './scan.ts';

/** Enough to mend a body by; the rest would only make the answer long. */
const ERRORS_MAX = 20;

type Fault = (text: string) => string | null;

/** Lives for one body. A member that is absent or `null` is not there. */
export class MemberReader {
  readonly errors: FieldError[] = [];
  readonly #bytes: Uint8Array;
  readonly #members: ReadonlyMap<string, Member>;

  constructor(bytes: Uint8Array, members: ReadonlyMap<string, Member>) {
    this.#bytes = bytes;
    this.#members = members;
  }

  member(name: string): Member | undefined {
    const member = this.#members.get(name);
    return member === undefined || member.kind === 'null' ? undefined : member;
  }

  value(member: Member): unknown {
    return readValue(this.#bytes, member);
  }

  text(name: string, fault: Fault): string | undefined {
    const member = this.member(name);
    if (member === undefined) return undefined;
    if (member.kind !== 'string') return this.wrongKind([name], 'a string', '');
    const text = readText(this.#bytes, member.start, member.end);
    const wrong = fault(text);
    if (wrong !== null) this.fail([name], wrong);
    return text;
  }

  /** A list of 1 to `max` texts; one that comes twice is kept once. */
  names(name: string, { max, fault }: { max: number; fault: Fault }): readonly string[] | null {
    const member = this.member(name);
    if (member === undefined) return null;
    const list = member.kind === 'array' ? (this.value(member) as unknown[]) : undefined;
    if (list === undefined) return this.wrongKind([name], 'a list of strings', null);
    if (list.length === 0 || list.length > max)
      this.fail([name], `Give 1 to ${max} of them, or leave the member out.`);
    const names = new Set<string>();
    for (const [index, entry] of list.slice(0, max).entries()) {
      if (typeof entry !== 'string') this.wrongKind([name, index], 'a string', null);
      else names.add(entry);
      const wrong = typeof entry === 'string' ? fault(entry) : null;
      if (wrong !== null) this.fail([name, index], wrong);
    }
    return [...names];
  }

  integer(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const member = this.member(name);
    if (member === undefined) return undefined;
    const value = this.value(member);
    if (typeof value !== 'number' || !Number.isInteger(value))
      return this.wrongKind([name], 'a whole number', 0);
    if (value < min || value > max) this.fail([name], `Give a number from ${min} to ${max}.`);
    return value;
  }

  /** Complains about a member that has to be there; `instead` stands for it until `finish` throws. */
  missing<T>(name: string, instead: T): T {
    this.fail([name], `Give the member "${name}".`, 'value_error.missing');
    return instead;
  }

  wrongKind<T>(path: readonly (string | number)[], wanted: string, instead: T): T {
    this.fail(path, `Give ${wanted}.`, 'value_error.jsondecode');
    return instead;
  }

  fail(path: readonly (string | number)[], msg: string, type = 'value_error'): void {
    this.errors.push({ loc: ['body', ...path], msg, type });
  }

  /** Throws one Problem that names every wrong member; returns when there is none. */
  finish(): void {
    const [first] = this.errors;
    if (first === undefined) return;
    const detail = `${first.loc.slice(1).join('.')}: ${first.msg}`;
    throw new Problem('validation', detail, { errors: this.errors.slice(0, ERRORS_MAX) });
  }
}
