/**
 * Why an expression has no value. Inside the room it is thrown, since the engine knows no other way out of a function;
 * `evaluate` turns it into a value. Its text never holds a value of the event or a secret.
 */
export class Failure extends Error {
  /** `missing`: `default()` may stand in for it. `limit`: nothing may catch it, the evaluation ends. */
  readonly kind: 'missing' | 'wrong' | 'limit';

  constructor(kind: Failure['kind'], detail: string) {
    super(detail);
    this.kind = kind;
  }
}
