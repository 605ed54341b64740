/** What changed, for the audit log: members that differ, without secrets and without walls of text. */
import type { ResourceKind } from '../core/catalog/resources.ts';
import { type PrefixName, renderId } from '../core/ids.ts';
import type { Edit } from './engine.ts';

type Document = Readonly<Record<string, unknown>>;

/** Members that are told as `(secret)`: that they changed is seen, not what to. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  'keys',
  'headers',
  'auth',
  'tls',
  'key',
  'keyHash',
  'secretHash',
  'secrets',
  'values',
  'input',
  'token',
  'tokenHash',
]);
const SECRET = '(secret)';
/** Told by every change and of no interest. */
const SILENT_MEMBERS: ReadonlySet<string> = new Set(['id', 'version', 'createdAt', 'updatedAt']);
const TEXT_CHARS_MAX = 1_000;

const PREFIX_OF: Readonly<Partial<Record<ResourceKind, PrefixName>>> = {
  application: 'application',
  destination: 'endpoint',
  'api-key': 'apiKey',
  'background-task': 'backgroundTask',
  integration: 'integration',
  source: 'source',
  flow: 'flow',
};

export interface Diff {
  readonly subject: string;
  readonly before: Document | null;
  readonly after: Document | null;
}

export function auditDiff({ kind, before, after }: Edit): Diff {
  const shownBefore = before === null ? null : shown(before as unknown as Document);
  const shownAfter = after === null ? null : shown(after as unknown as Document);
  const subject = subjectOf(kind, (after ?? before) as Subject);
  if (before === null || after === null || shownBefore === null || shownAfter === null)
    return { subject, before: shownBefore, after: shownAfter };
  const names = changedNames(before as unknown as Document, after as unknown as Document);
  return { subject, before: pick(shownBefore, names), after: pick(shownAfter, names) };
}

interface Subject {
  readonly id: string;
  readonly uid: string | null;
  readonly kind?: unknown;
}

function subjectOf(kind: ResourceKind, { id, uid, kind: way }: Subject): string {
  if (kind === 'event-type') return uid ?? id;
  if (kind === 'destination' && way === 'poller') return renderId(id, 'poller');
  const prefix = PREFIX_OF[kind];
  return prefix === undefined ? id : renderId(id, prefix);
}

function changedNames(before: Document, after: Document): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter(
    (name) => !SILENT_MEMBERS.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
}

function pick(document: Document, names: readonly string[]): Document {
  return Object.fromEntries(names.filter((name) => name in document).map((name) => [name, document[name]]));
}

function shown(document: Document): Document {
  const entries = Object.entries(document).filter(([name]) => !SILENT_MEMBERS.has(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, shownMember(name, value)]));
}

function shownMember(name: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (SECRET_MEMBERS.has(name)) return SECRET;
  if (name === 'url' && typeof value === 'string') return withoutUserinfo(value);
  if (name === 'transformation') return shownTransformation(value as { variables?: Document });
  return bounded(value);
}

function withoutUserinfo(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.username === '' && url.password === '')) return text;
  url.username = '';
  url.password = '';
  return url.href;
}

/** Variables may hold a receiver's secrets: their names are shown. */
function shownTransformation(value: { readonly variables?: Document }): unknown {
  const variables = Object.fromEntries(Object.keys(value.variables ?? {}).map((name) => [name, SECRET]));
  return bounded({ ...value, variables });
}

function bounded(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length <= TEXT_CHARS_MAX) return value;
  return `${text.slice(0, TEXT_CHARS_MAX)}… (${text.length} characters)`;
}
