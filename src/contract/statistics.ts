/** Usage figures, made by background tasks. */
import Type from 'typebox';
import { TaskStartedOut } from './background-task.ts';
import { Nullable } from './shape.ts';

/** Applications that one request may name. */
export const USAGE_APPS_MAX = 1000;

export const AppUsageStatsIn = Type.Object(
  {
    since: Type.String({ description: 'From this instant on.' }),
    until: Type.String({ description: 'Up to, but not including, this instant.' }),
    appIds: Type.Optional(
      Nullable(
        Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
          maxItems: USAGE_APPS_MAX,
          description: 'Ids or uids; every application unless given.',
        }),
      ),
    ),
  },
  { title: 'AppUsageStatsIn' },
);

export const AppUsageStatsOut = Type.Object(
  {
    ...TaskStartedOut.properties,
    unresolvedAppIds: Type.Array(Type.String(), {
      description: 'Those of `appIds` that name no application.',
    }),
  },
  { title: 'AppUsageStatsOut' },
);
