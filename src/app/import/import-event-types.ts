import { EventTypeIn, newEventType, replaceEventType } from '../../contract/event-type.ts';
import { onlyMembers } from '../../contract/shape.ts';
import type { JsonObject } from '../../core/catalog/json-pointer.ts';
import { newId } from '../../core/ids.ts';
import { shapeCheck } from '../../http/check-shape.ts';
import { bringDocument, type ImportRun } from './bring-document.ts';
import { inParallel } from './in-parallel.ts';
import { createdAtOf } from './kept-id.ts';

const AT_ONCE = 16;
const checkEventType = shapeCheck(EventTypeIn, 'body');

export async function importEventTypes(run: ImportRun): Promise<void> {
  const query = 'include_archived=true&with_content=true';
  for await (const page of run.remote.pages('/api/v1/event-type', { query }))
    await inParallel(page, AT_ONCE, (shown) => bringEventType(run, shown));
}

async function bringEventType(run: ImportRun, shown: JsonObject): Promise<void> {
  run.report.found('event types');
  const name = String(shown.name);
  await bringDocument(run, {
    kind: 'event-type',
    counted: 'event types',
    subject: name,
    action: 'event-type.import',
    ref: { uid: name },
    owner: null,
    uid: name,
    build(before) {
      const given = onlyMembers(
        EventTypeIn,
        shown as Parameters<typeof onlyMembers<typeof EventTypeIn.properties>>[1],
      );
      checkEventType(given);
      // A server without schedules per event type says nothing about those that were set here.
      const schedule = { retryScheduleMs: before?.retryScheduleMs ?? null };
      const kept = shown.retrySchedule === undefined ? schedule : {};
      if (before !== null) return { ...replaceEventType(before, given), ...kept };
      const now = run.maker.clock.now();
      const made = newEventType(name, given, { id: newId(now, run.maker.dice.bytes(15)), now });
      return { ...made, createdAt: createdAtOf(shown.createdAt) };
    },
  });
}
