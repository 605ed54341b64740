/** Prices of what an expression does, paid before it is done. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Budget, boundItems, boundText } from './budget.ts';
import { Failure } from './failure.ts';
import { childrenOf, isLoop } from './syntax-tree.ts';

/** A checked node: how it is computed from its operands. */
interface Computed {
  handle?: (first: unknown, second: unknown, third: unknown, fourth: unknown) => unknown;
  readonly meta: { readonly alternate?: ASTNode & Computed };
}

/** Lets each operation of a checked tree that may be long pay before it runs. Gives the number of nodes. */
export function chargeFor(node: ASTNode, budget: Budget): number {
  let nodes = 1;
  for (const child of childrenOf(node)) nodes += chargeFor(child, budget);
  const pay = isLoop(node) ? loopPrice(budget, nodes) : priceOf(node, budget);
  if (!pay) return nodes;
  const checked = node as ASTNode & Computed;
  const computed = checked.meta.alternate ?? checked;
  const { handle } = computed;
  if (!handle) {
    if (isLoop(node)) throw new Error('The CEL engine hides its loops; its version is not the tested one.');
    return nodes;
  }
  computed.handle = (first, second, third, fourth) => {
    pay(first, second);
    return handle(first, second, third, fourth);
  };
  return nodes;
}

type Price = (first: unknown, second: unknown) => void;

function loopPrice(budget: Budget, nodes: number): Price {
  return (items) => {
    if (typeof items !== 'object' || items === null) return;
    const size = Array.isArray(items)
      ? items.length
      : items instanceof Map
        ? items.size
        : Object.keys(items).length;
    boundItems(size);
    budget.spend(size * nodes);
  };
}

function priceOf(node: ASTNode, budget: Budget): Price | undefined {
  switch (node.op) {
    case '+':
      return (left, right) => sumPrice(budget, left, right);
    case '==':
    case '!=':
    case 'in':
      return (left, right) => {
        if (typeof left === 'object' || typeof left === 'string') budget.spendDeep(left);
        if (typeof right === 'object' || typeof right === 'string') budget.spendDeep(right);
      };
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (left, right) => {
        if (typeof left === 'string' && typeof right === 'string') budget.spendShallow(left);
      };
    case 'call':
    case 'rcall':
      return callPrice(node.args[0], budget);
    default:
      return undefined;
  }
}

function sumPrice(budget: Budget, left: unknown, right: unknown): void {
  if (typeof left === 'string' && typeof right === 'string') {
    boundText(left.length + right.length);
    budget.spend((left.length + right.length) / 64);
  } else if (Array.isArray(left) && Array.isArray(right)) {
    boundItems(left.length + right.length);
    budget.spend(left.length + right.length);
  }
}

const CALL_UNITS = 2;
/** Reading a clock in a zone takes the library 50 µs. */
const ZONED_UNITS = 500;
/** What goes over each character, and how many of them in a unit. */
const SLOW_TEXT_CALLS: ReadonlySet<string> = new Set(['size', 'split', 'duration']);
const SLOW_CHARS_PER_UNIT = 8;
const SPLIT_MAX = 1024 * 1024;

function callPrice(name: string, budget: Budget): Price {
  const flat = /^get[A-Z]/.test(name) ? ZONED_UNITS : CALL_UNITS;
  const slow = SLOW_TEXT_CALLS.has(name);
  return (args) => {
    budget.spend(flat);
    for (const arg of args as readonly unknown[]) {
      budget.spendShallow(arg);
      if (!slow || typeof arg !== 'string') continue;
      budget.spend(arg.length / SLOW_CHARS_PER_UNIT);
      if (name === 'split' && arg.length > SPLIT_MAX)
        throw new Failure('limit', `split() takes at most ${SPLIT_MAX} characters`);
    }
  };
}
