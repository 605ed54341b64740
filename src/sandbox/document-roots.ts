/** What an expression can read: the event, its members for short, the raw text and the instant. */
import type { EventDocument } from '../core/received/event-document.ts';
import type { ExpressionScope } from '../ports/expressions.ts';
import { guardConstructors } from './json-values.ts';

/** Every member of the document. Those that are read out of the body stand for it. */
const MEMBERS: Readonly<Record<keyof EventDocument, 'body' | 'plain'>> = {
  id: 'plain',
  source: 'plain',
  type: 'plain',
  receivedAt: 'plain',
  method: 'plain',
  path: 'plain',
  query: 'plain',
  headers: 'plain',
  body: 'body',
  envelope: 'body',
  files: 'body',
  contentType: 'plain',
  size: 'plain',
  peer: 'plain',
  verified: 'plain',
  via: 'plain',
  key: 'plain',
  dedupeKey: 'plain',
  test: 'plain',
  parseError: 'body',
  meta: 'plain',
};
export const DOCUMENT_MEMBERS: ReadonlySet<string> = new Set(Object.keys(MEMBERS));

/** CEL types of the roots. */
export const ROOT_TYPES = {
  event: 'map',
  body: 'dyn',
  headers: 'map<string, string>',
  query: 'map',
  method: 'string',
  path: 'string',
  meta: 'dyn',
  raw: 'string',
  now: 'google.protobuf.Timestamp',
} as const;
export type Root = keyof typeof ROOT_TYPES;

export const isRoot = (name: string): name is Root => Object.hasOwn(ROOT_TYPES, name);

/** Members that a member's value is made from: `files` is known only when the body was parsed. */
export function membersBehind(member: string): readonly string[] {
  return MEMBERS[member as keyof EventDocument] === 'body' ? ['body', member] : [member];
}

/** Guarded parts of documents, so that several expressions over one event guard it once. */
const guarded = new WeakMap<object, unknown>();

function guardedPart(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (!guarded.has(part)) guarded.set(part, guardConstructors(part));
  return guarded.get(part);
}

/** Only what is read is looked at: the caller may make the others when they are asked for. */
export function rootValue(root: Root, scope: ExpressionScope): unknown {
  if (root === 'raw') return scope.raw;
  if (root === 'now') return new Date(scope.now);
  return guardedPart(root === 'event' ? scope.event : scope.event[root]);
}
