/** What callers may set on a polling endpoint, checked and turned into the stored document. */

import type { Static } from 'typebox';
import type { DestinationIn, DestinationPatch } from '../../../contract/destination.ts';
import { checkMetadata } from '../../../contract/metadata.ts';
import { checkUid } from '../../../contract/uid.ts';
import { BLANK_DESTINATION } from '../../../core/catalog/blank-destination.ts';
import type { Destination } from '../../../core/catalog/resources.ts';
import { type ApplicationId, newId } from '../../../core/ids.ts';
import { invalid } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

type Settings = Pick<
  Destination,
  'uid' | 'disabled' | 'disabledReason' | 'eventTypes' | 'channels' | 'metadata'
>;

const TYPE = 'pollingEndpoint';

export function checkType(type: string | undefined): void {
  if (type === undefined || type === TYPE) return;
  throw invalid(
    ['body', 'type'],
    `Destinations of the type ${JSON.stringify(type)} are not offered: use "${TYPE}", or an endpoint for a URL.`,
  );
}

/** Settings of a whole body: what it leaves out gets its default. */
export function settingsOf(body: Static<typeof DestinationIn>): Settings {
  checkType(body.type);
  return {
    uid: checkUid(body.uid, 'poller'),
    ...statusOf(body.status),
    eventTypes: filterOf(body.eventTypes),
    channels: filterOf(body.channels),
    metadata: checkMetadata(body.metadata),
  };
}

/** Settings of a patch: what it leaves out stays. */
export function patchedSettings(current: Destination, body: Static<typeof DestinationPatch>): Settings {
  checkType(body.type);
  const { disabled, disabledReason } = current;
  return {
    uid: body.uid === undefined ? current.uid : checkUid(body.uid, 'poller'),
    ...(body.status == null ? { disabled, disabledReason } : statusOf(body.status)),
    eventTypes: body.eventTypes === undefined ? current.eventTypes : filterOf(body.eventTypes),
    channels: body.channels === undefined ? current.channels : filterOf(body.channels),
    metadata: body.metadata === undefined ? current.metadata : checkMetadata(body.metadata),
  };
}

function statusOf(status: 'enabled' | 'disabled' | undefined): Pick<Settings, 'disabled' | 'disabledReason'> {
  const disabled = status === 'disabled';
  return { disabled, disabledReason: disabled ? 'by hand' : null };
}

/** An empty list filters nothing, as on the compatible wire. */
function filterOf(names: readonly string[] | null | undefined): readonly string[] | null {
  if (names === null || names === undefined || names.length === 0) return null;
  return [...new Set(names)];
}

export function freshPoller(
  call: Pick<Call, 'clock' | 'dice'>,
  applicationId: ApplicationId,
  settings: Settings,
): Destination {
  const now = call.clock.now();
  return {
    ...BLANK_DESTINATION,
    id: newId(now, call.dice.bytes(15)),
    ownerId: applicationId,
    createdAt: now,
    updatedAt: now,
    kind: 'poller',
    ...settings,
  };
}
