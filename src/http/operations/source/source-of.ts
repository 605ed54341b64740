/** What callers write about a source, checked and turned into the stored document; and the way back. */

import { MASK } from '../../../contract/endpoint-settings.ts';
import { parseRef } from '../../../contract/ids.ts';
import { checkMetadata } from '../../../contract/metadata.ts';
import { renderSource, type SourceChanges } from '../../../contract/source.ts';
import { checkUid } from '../../../contract/uid.ts';
import type { Sealed, Source, SourceAnswer, SourceSecret } from '../../../core/catalog/resources.ts';
import { newId, type SourceId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import { sourceTokenHash } from '../../../core/received/source-token.ts';
import { withSecrets } from '../../../engine/source-config.ts';
import type { Call } from '../../define-operation.ts';

export type SourceCall = Pick<
  Call,
  'engine' | 'organization' | 'clock' | 'dice' | 'settings' | 'storage' | 'params'
>;

export const TAG = 'Source';
export const READ = { role: 'viewer', scope: 'organization', permission: 'source:read' } as const;
export const WRITE = { role: 'editor', scope: 'organization', permission: 'source:write' } as const;
const TOKEN_BYTES = 20;
const DAY_MS = 86_400_000;

/** The source that the path names, by id or uid. */
export async function findSource(call: SourceCall): Promise<Source> {
  const ref = parseRef<'source'>(call.params.source_id ?? '', 'source');
  const found = await call.storage.catalog.find(call.organization, 'source', ref, null);
  if (found === null) throw new Problem('not_found', 'There is no such source: check its id or uid.');
  return found;
}

export function newSource(call: SourceCall, body: SourceChanges & { readonly name: string }): Source {
  const now = call.clock.now();
  const id: SourceId = newId(now, call.dice.bytes(15));
  const blank: Source = {
    ...{ id, uid: null, ownerId: null, createdAt: now, updatedAt: now, version: 1 },
    ...freshToken(call, id),
    kind: body.kind ?? 'http',
    name: body.name,
    description: '',
    metadata: {},
    provider: 'none',
    providerConfig: {},
    ...{ secrets: null, values: null, allowCapture: false, toleranceSeconds: null },
    ...{ methods: null, contentType: null, payloadFrom: null },
    ...{ type: null, orderingKey: null, dedupe: null },
    answer: { kind: 'ack' },
    ...{ rateLimit: null, bodyBytesMax: null, onParseError: 'accept' },
    ...{ disabled: false, pausedAt: null, expectEveryMs: null, retentionMs: null },
    redactHeaders: [],
    input: null,
  };
  return changedSource(call, blank, body);
}

/** What the body leaves out stays. Problem validation for what could not work. */
export function changedSource(call: SourceCall, before: Source, body: SourceChanges): Source {
  const keep = <Member extends keyof SourceChanges & keyof Source>(member: Member): Source[Member] =>
    (body[member] === undefined ? before[member] : body[member]) as Source[Member];
  const after: Source = {
    ...before,
    name: keep('name'),
    uid: body.uid === undefined ? before.uid : checkUid(body.uid, 'source'),
    description: keep('description'),
    metadata: body.metadata === undefined ? before.metadata : checkMetadata(body.metadata),
    provider: keep('provider'),
    providerConfig: configOf(call, before, body),
    secrets: body.secrets === undefined ? before.secrets : sealSecrets(call, before, body.secrets),
    values: body.values === undefined ? before.values : sealed(call, before.id, body.values),
    allowCapture: keep('allowCapture'),
    toleranceSeconds: keep('toleranceSeconds'),
    methods: keep('methods'),
    contentType: keep('contentType'),
    payloadFrom: keep('payloadFrom'),
    type: keep('type'),
    orderingKey: keep('orderingKey'),
    dedupe: body.dedupe === undefined ? before.dedupe : dedupeOf(body.dedupe),
    answer: body.answer === undefined ? before.answer : answerOf(body.answer),
    rateLimit: keep('rateLimit'),
    bodyBytesMax: keep('bodyBytesMax'),
    onParseError: keep('onParseError'),
    disabled: keep('disabled'),
    expectEveryMs: inMs(body.expectEverySeconds, 1000, before.expectEveryMs),
    retentionMs: inMs(body.retentionDays, DAY_MS, before.retentionMs),
    redactHeaders: keep('redactHeaders'),
    input: body.input === undefined ? before.input : sealInput(call, before, body.input),
  };
  call.engine.sources.check(call.organization, after);
  return after;
}

/** A source as it is answered. */
export function sourceOut(call: SourceCall, source: Source) {
  return renderSource(source, {
    url: sourceUrl(call, source),
    secrets: openSecrets(call, source),
    valueNames: Object.keys((openJson(call, source, source.values) ?? {}) as object),
    providerConfig: withSecrets(
      source.providerConfig,
      call.engine.sources.providers.get(source.provider),
      () => MASK,
    ),
    input: maskedInput(call, source),
  });
}

export function sourceUrl(call: SourceCall, source: Source): string {
  const token = call.engine.vault.open(call.organization, source.id, source.token);
  return `${call.settings.publicUrl}/in/${token}`;
}

export function openSecrets(call: SourceCall, source: Source): readonly SourceSecret[] {
  return (openJson(call, source, source.secrets) ?? []) as SourceSecret[];
}

export function sealed(call: SourceCall, id: SourceId, value: object | null): Sealed | null {
  return value === null ? null : call.engine.vault.seal(call.organization, id, JSON.stringify(value));
}

/** A token of its own alphabet: it stands in URLs and in mail addresses, which know no case. */
export function freshToken(call: SourceCall, id: SourceId): Pick<Source, 'token' | 'tokenHash'> {
  const token = base32(call.dice.bytes(TOKEN_BYTES));
  return {
    token: call.engine.vault.seal(call.organization, id, token),
    tokenHash: sourceTokenHash(token),
  };
}

const BASE32 = 'abcdefghijkmnpqrstuvwxyz23456789';
function base32(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => BASE32[byte & 31]).join('');
}

/** Secret values that come back masked stay as they were. They are sealed anew: another provider has other ones. */
function configOf(call: SourceCall, before: Source, body: SourceChanges): Source['providerConfig'] {
  const { providers } = call.engine.sources;
  const open = (text: string): string => call.engine.vault.open(call.organization, before.id, text as Sealed);
  const known = withSecrets(before.providerConfig, providers.get(before.provider), open);
  const given = Object.entries(body.providerConfig ?? known).map(
    ([name, value]) => [name, value === MASK ? (known[name] ?? value) : value] as const,
  );
  const provider = providers.get(body.provider ?? before.provider);
  return withSecrets(Object.fromEntries(given), provider, (value) =>
    call.engine.vault.seal(call.organization, before.id, value),
  );
}

function sealSecrets(call: SourceCall, before: Source, given: readonly string[] | null): Sealed | null {
  if (given === null || given.length === 0) return null;
  refuseMask(given, ['body', 'secrets']);
  const now = call.clock.now();
  const known = new Map(openSecrets(call, before).map((each) => [each.secret, each]));
  return sealed(
    call,
    before.id,
    given.map((secret) => ({ secret, createdAt: known.get(secret)?.createdAt ?? now, expiresAt: null })),
  );
}

/** Secrets that come back masked, or not at all, stay as they were. */
function sealInput(call: SourceCall, before: Source, given: Record<string, unknown> | null): Sealed | null {
  if (given === null) return null;
  const known = (openJson(call, before, before.input) ?? {}) as Record<string, unknown>;
  const input = { ...given };
  for (const member of call.engine.sources.secretMembers(before.kind))
    if ((input[member] === undefined || input[member] === MASK) && known[member] !== undefined)
      input[member] = known[member];
  return sealed(call, before.id, input);
}

function maskedInput(call: SourceCall, source: Source): unknown {
  const input = openJson(call, source, source.input) as Record<string, unknown> | null;
  if (input === null) return null;
  const masked = { ...input };
  for (const member of call.engine.sources.secretMembers(source.kind))
    if (masked[member] != null) masked[member] = MASK;
  return masked;
}

function openJson(call: SourceCall, source: Source, text: Sealed | null): unknown {
  return text === null ? null : JSON.parse(call.engine.vault.open(call.organization, source.id, text));
}

function refuseMask(texts: readonly string[], loc: readonly string[]): void {
  if (!texts.includes(MASK)) return;
  throw invalid(
    loc,
    'This is the mask of an answer, not a value: give the real one, or leave the member out.',
  );
}

function dedupeOf(given: NonNullable<SourceChanges['dedupe']> | null): Source['dedupe'] {
  return given === null ? null : { key: given.key ?? null, windowMs: given.windowSeconds * 1000 };
}

function answerOf(given: NonNullable<SourceChanges['answer']>): SourceAnswer {
  if (given.kind === 'ack' || given.kind === 'poll') return { kind: given.kind };
  const { status = 200, headers = {}, body = '' } = given;
  if (given.kind === 'template') return { kind: 'template', status, headers, body };
  if (typeof status === 'number') return { kind: 'static', status, headers, body };
  throw invalid(['body', 'answer', 'status'], 'Give a number; a text is for answers of kind template.');
}

function inMs(given: number | null | undefined, unit: number, before: number | null): number | null {
  return given === undefined ? before : given === null ? null : given * unit;
}
