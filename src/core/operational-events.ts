/** Events about Posthorn's own work, delivered to operational webhooks like any other event. Wire-compatible bodies. */
import {
  type ApplicationId,
  type AttemptId,
  type DestinationId,
  type EventId,
  renderId,
  type SourceId,
} from './ids.ts';

export const ENDPOINT_EVENT_TYPES = [
  'endpoint.created',
  'endpoint.updated',
  'endpoint.deleted',
  'endpoint.disabled',
] as const;
export const ATTEMPT_EVENT_TYPES = [
  'message.attempt.failing',
  'message.attempt.recovered',
  'message.attempt.exhausted',
] as const;
export const SOURCE_EVENT_TYPES = ['source.silent', 'source.failing', 'source.recovered'] as const;
export type SourceEventType = (typeof SOURCE_EVENT_TYPES)[number];
export type EndpointEventType = (typeof ENDPOINT_EVENT_TYPES)[number];
export type AttemptEventType = (typeof ATTEMPT_EVENT_TYPES)[number];
export type OperationalEventType = EndpointEventType | AttemptEventType | SourceEventType;
export const OPERATIONAL_EVENT_TYPES: readonly OperationalEventType[] = [
  ...ENDPOINT_EVENT_TYPES,
  ...ATTEMPT_EVENT_TYPES,
  ...SOURCE_EVENT_TYPES,
];

export interface OperationalEvent {
  readonly type: OperationalEventType;
  /** The payload as JSON. */
  readonly bytes: Uint8Array;
}

export interface EndpointSubject {
  readonly applicationId: ApplicationId;
  readonly applicationUid: string | null;
  readonly destinationId: DestinationId;
  readonly destinationUid: string | null;
  /** Of a disabled one: its first failure since the last success; null = it was disabled for another reason. */
  readonly failingSince?: number | null;
}

export interface AttemptSubject {
  readonly applicationId: ApplicationId;
  readonly applicationUid: string | null;
  readonly destinationId: DestinationId;
  readonly eventId: EventId;
  /** The publisher's own id of the event. */
  readonly publishedEventId: string | null;
  readonly lastAttempt: { readonly id: AttemptId; readonly statusCode: number; readonly startedAt: number };
}

/** Tells that an endpoint was made, changed, removed or disabled. */
export function endpointEvent(type: EndpointEventType, subject: EndpointSubject): OperationalEvent {
  const failSince = subject.failingSince ? { failSince: instant(subject.failingSince) } : {};
  return encode(type, {
    appId: renderId(subject.applicationId, 'application'),
    appUid: subject.applicationUid,
    endpointId: renderId(subject.destinationId, 'endpoint'),
    endpointUid: subject.destinationUid,
    ...failSince,
  });
}

/** Tells how a delivery that fails again and again goes on. */
export function attemptEvent(type: AttemptEventType, subject: AttemptSubject): OperationalEvent {
  return encode(type, {
    appId: renderId(subject.applicationId, 'application'),
    appUid: subject.applicationUid,
    endpointId: renderId(subject.destinationId, 'endpoint'),
    msgId: renderId(subject.eventId, 'message'),
    msgEventId: subject.publishedEventId,
    lastAttempt: {
      id: renderId(subject.lastAttempt.id, 'attempt'),
      responseStatusCode: subject.lastAttempt.statusCode,
      timestamp: instant(subject.lastAttempt.startedAt),
    },
  });
}

/** Tells that a source has gone quiet, has trouble, or is well again. */
export function sourceEvent(
  type: SourceEventType,
  source: { readonly id: SourceId; readonly uid: string | null; readonly name: string },
  told: { readonly detail: string | null; readonly lastEventAt: number | null },
): OperationalEvent {
  return encode(type, {
    sourceId: renderId(source.id, 'source'),
    sourceUid: source.uid,
    name: source.name,
    detail: told.detail,
    lastEventAt: told.lastEventAt === null ? null : instant(told.lastEventAt),
  });
}

function encode(type: OperationalEventType, data: Readonly<Record<string, unknown>>): OperationalEvent {
  return { type, bytes: Buffer.from(JSON.stringify({ type, data })) };
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
