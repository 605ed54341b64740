/** Walking the engine's syntax tree. */
import type { ASTNode } from '@marcbachmann/cel-js';

/** Macros that go over a list: each is a loop. */
export const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

export function isLoop(node: ASTNode): boolean {
  return node.op === 'rcall' && LOOPS.has(node.args[0]) && node.args[2].length > 1;
}

export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'list':
      return node.args;
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** Each node before those inside it, with the number of loops it is in: what a loop goes over is not in it. */
export function* nodesOf(root: ASTNode, loops = 0): Generator<{ node: ASTNode; loops: number }> {
  yield { node: root, loops };
  const inside = isLoop(root) ? loops + 1 : loops;
  const children = childrenOf(root);
  for (let at = 0; at < children.length; at++) yield* nodesOf(children[at]!, at === 0 ? loops : inside);
}

/** The key that a field access or an index with a literal text names. */
export function literalKey(node: ASTNode): string | undefined {
  if (node.op === '.') return node.args[1];
  if (node.op !== '[]') return undefined;
  const [, index] = node.args;
  return index.op === 'value' && typeof index.args === 'string' ? index.args : undefined;
}
