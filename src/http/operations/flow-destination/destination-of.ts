/** What the operations on destinations of flows share: endpoints whose owner is what was received. */
import type { Static } from 'typebox';
import { checkHeaders } from '../../../contract/custom-headers.ts';
import { type DestinationIn, parseRequest, renderDestination } from '../../../contract/flow-destination.ts';
import { parseRef } from '../../../contract/ids.ts';
import type { Destination, DestinationRequest } from '../../../core/catalog/resources.ts';
import { contentTypeFault, isSensitiveHeader } from '../../../core/event/limits.ts';
import { RECEIVED } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';
import { freshDestination, patchedDestination } from '../endpoint/destination-of.ts';
import { openAuth, openTls } from '../endpoint/sealed-parts.ts';

export const TAG = 'Destination';
export const READ = { role: 'viewer', scope: 'organization', permission: 'destination:read' } as const;
export const WRITE = { role: 'editor', scope: 'organization', permission: 'destination:write' } as const;

type DestinationCall = Pick<
  Call,
  'engine' | 'organization' | 'clock' | 'dice' | 'settings' | 'storage' | 'params'
>;

/** As it came, unless it is told otherwise. */
const FORWARD: DestinationRequest = { kind: 'forward', appendPath: true, appendQuery: true, signed: false };

export async function findFlowDestination(call: DestinationCall): Promise<Destination> {
  const text = call.params.destination_id ?? '';
  const ref = parseRef<'destination'>(text, 'destination');
  const found = await call.storage.catalog.find(call.organization, 'destination', ref, RECEIVED);
  if (found === null) throw new Problem('not_found', 'There is no such destination: check its id or uid.');
  return found;
}

export function newFlowDestination(call: DestinationCall, body: Static<typeof DestinationIn>): Destination {
  const fresh = freshDestination(call, RECEIVED, body);
  return { ...fresh, request: checkedRequest(call, parseRequest(body.request, FORWARD), fresh.url) };
}

export function changedFlowDestination(
  call: DestinationCall,
  before: Destination,
  body: Partial<Static<typeof DestinationIn>>,
): Destination {
  const after = patchedDestination(call, before, body);
  const request = parseRequest(body.request, before.request ?? null);
  return { ...after, request: checkedRequest(call, request, after.url) };
}

export function destinationOut(call: DestinationCall, destination: Destination) {
  return renderDestination(destination, {
    auth: openAuth(call, destination),
    tls: openTls(call, destination),
  });
}

/** Templates and header names are checked now: a delivery must not be the first to find out. */
function checkedRequest(
  call: DestinationCall,
  request: DestinationRequest | null,
  destinationUrl: string,
): DestinationRequest | null {
  if (request?.kind !== 'call') return request;
  const { sources } = call.engine;
  // '' = as the event says.
  const fault = request.contentType === '' ? null : contentTypeFault(request.contentType);
  if (fault !== null) throw invalid(['body', 'request', 'contentType'], fault);
  if (request.url !== null) {
    sources.checkTemplate(request.url, ['body', 'request', 'url']);
    checkOrigin(request.url, destinationUrl);
  }
  if (request.body !== null) sources.checkTemplate(request.body, ['body', 'request', 'body']);
  for (const [name, template] of request.headers) {
    if (name.toLowerCase() === 'content-type')
      throw invalid(
        ['body', 'request', 'headers', name],
        'Say the content type as "contentType", beside "headers": {"kind": "call", "contentType": "text/plain", …}.',
      );
    checkHeaders({ [name]: 'x' }, ['body', 'request', 'headers']);
    // A request is shown to whoever may look, and told in the audit log.
    if (isSensitiveHeader(name) && !template.includes('{{'))
      throw invalid(
        ['body', 'request', 'headers', name],
        `Give ${name} in the destination's own "headers" or "auth", where it is sealed.`,
      );
    sources.checkTemplate(template, ['body', 'request', 'headers', name]);
  }
  return request;
}

/** What a template's URL begins with is known where it holds no expression: every delivery would fail. */
function checkOrigin(template: string, destinationUrl: string): void {
  const { origin } = new URL(destinationUrl);
  const start = /^https?:\/\/[^/?#{]+(?=[/?#]|$)/i.exec(template)?.[0];
  if (start === undefined || !URL.canParse(start) || new URL(start).origin === origin) return;
  throw invalid(
    ['body', 'request', 'url'],
    `The URL of the request has to stay at ${origin}: give ${new URL(start).origin} a destination of its own.`,
  );
}
