/** Puts values into the texts of a recipe, and computes signatures. It shares no code with what verifies them. */
import { createHash, createHmac, sign } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Making } from './recipe.ts';

const NESTED_MAX = 10;

export class Values {
  readonly #known: Map<string, string>;
  readonly #make: Readonly<Record<string, Making>>;

  constructor(known: Readonly<Record<string, string>>, make: Readonly<Record<string, Making>> = {}) {
    this.#known = new Map(Object.entries(known));
    this.#make = make;
  }

  set(name: string, value: string): void {
    this.#known.set(name, value);
  }

  /** Every `${name}` in a text, or in all texts of a document. */
  fill<Given>(given: Given, depth = 0): Given {
    if (typeof given === 'string')
      return given.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => this.#value(name, depth)) as Given;
    if (Array.isArray(given)) return given.map((each) => this.fill(each, depth)) as Given;
    if (typeof given !== 'object' || given === null) return given;
    const filled = Object.entries(given).map(([name, value]) => [name, this.fill(value, depth)]);
    return Object.fromEntries(filled) as Given;
  }

  #value(name: string, depth: number): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const making = this.#make[name];
    if (making === undefined || depth > NESTED_MAX) throw new Error(`\${${name}} stands for nothing here.`);
    return this.#made(making, depth + 1);
  }

  #made({ of, in: encoding, ...how }: Making, depth: number): string {
    const text = this.fill(of, depth);
    if (encoding === 'percent') return encodeURIComponent(text);
    if (encoding === 'crc32') return `${crc32(text)}`;
    if (how.hmac !== undefined)
      return createHmac(how.hmac, this.fill(how.key ?? '${secret}', depth))
        .update(text)
        .digest(encoding);
    if (how.sign !== undefined)
      return sign(how.sign, Buffer.from(text), this.#value('privateKey', depth)).toString(encoding);
    return how.hash === undefined
      ? Buffer.from(text).toString(encoding)
      : createHash(how.hash).update(text).digest(encoding);
  }
}
