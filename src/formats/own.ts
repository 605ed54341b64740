/** Objects made of names that senders chose: `__proto__` becomes an own member like any other, and nothing is inherited. */

export type Members = Record<string, unknown>;

export function setOwn(target: Members, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else target[name] = value;
}

export function getOwn(target: Members, name: string): unknown {
  return Object.hasOwn(target, name) ? target[name] : undefined;
}

/** All members but one. */
export function withoutOwn(source: Members, left: string): Members {
  const rest: Members = {};
  for (const name of Object.keys(source)) if (name !== left) setOwn(rest, name, source[name]);
  return rest;
}

/** A repeated name makes an array. */
export function addOwn(target: Members, name: string, value: unknown): void {
  if (!Object.hasOwn(target, name)) setOwn(target, name, value);
  else if (Array.isArray(target[name])) target[name].push(value);
  else setOwn(target, name, [target[name], value]);
}
