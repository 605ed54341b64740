/** THE list of operations: one import line and one entry per operation, grouped by resource, in the docs' order. */
import type { Operation } from '../define-operation.ts';
import { createApiKey } from './api-key/create.ts';
import { getApiKey } from './api-key/get.ts';
import { listApiKeys } from './api-key/list.ts';
import { revokeApiKey } from './api-key/revoke.ts';
import { createApplication } from './application/create.ts';
import { deleteApplication } from './application/delete.ts';
import { getApplication } from './application/get.ts';
import { listApplications } from './application/list.ts';
import { patchApplication } from './application/patch.ts';
import { updateApplication } from './application/update.ts';
import { expungeAttemptContent } from './attempt/expunge-content.ts';
import { getAttempt } from './attempt/get.ts';
import { listAttemptedDestinations } from './attempt/list-attempted-destinations.ts';
import { listAttemptsByEndpoint } from './attempt/list-by-endpoint.ts';
import {
  listAttemptsByMessage,
  listMessageAttempts,
  listMessageEndpointAttempts,
} from './attempt/list-by-message.ts';
import { resendMessage } from './attempt/resend.ts';
import { listAudit } from './audit/list.ts';
import { openAppPortal } from './authentication/app-portal-access.ts';
import { openDashboard } from './authentication/dashboard-access.ts';
import { expireAllTokens } from './authentication/expire-all.ts';
import { logOut } from './authentication/logout.ts';
import { cancelBackgroundTask } from './background-task/cancel.ts';
import { getBackgroundTask } from './background-task/get.ts';
import { listBackgroundTasks } from './background-task/list.ts';
import { listDeliveries } from './delivery/list.ts';
import { resendDelivery } from './delivery/resend.ts';
import { createDestination } from './destination/create.ts';
import { deleteDestination } from './destination/delete.ts';
import { getDestination } from './destination/get.ts';
import { getDestinationTransformation } from './destination/get-transformation.ts';
import { listDestinations } from './destination/list.ts';
import { patchDestination } from './destination/patch.ts';
import { patchDestinationTransformation } from './destination/patch-transformation.ts';
import { upsertDestination } from './destination/upsert.ts';
import { bulkReplayEndpoint } from './endpoint/bulk-replay.ts';
import { createEndpoint } from './endpoint/create.ts';
import { deleteEndpoint } from './endpoint/delete.ts';
import { getEndpoint } from './endpoint/get.ts';
import { getEndpointHeaders } from './endpoint/get-headers.ts';
import { getEndpointSecret } from './endpoint/get-secret.ts';
import { getEndpointStats } from './endpoint/get-stats.ts';
import { listEndpoints } from './endpoint/list.ts';
import { listEndpointMessages } from './endpoint/list-messages.ts';
import { patchEndpoint } from './endpoint/patch.ts';
import { patchEndpointHeaders } from './endpoint/patch-headers.ts';
import { recoverEndpoint } from './endpoint/recover.ts';
import { replayMissingMessages } from './endpoint/replay-missing.ts';
import { rotateEndpointSecret } from './endpoint/rotate-secret.ts';
import { sendEndpointExample } from './endpoint/send-example.ts';
import { updateEndpoint } from './endpoint/update.ts';
import { updateEndpointHeaders } from './endpoint/update-headers.ts';
import { exportEnvironment } from './environment/export.ts';
import { importEnvironment } from './environment/import.ts';
import { bulkReplayEvents } from './event/bulk-replay.ts';
import { exportEvents } from './event/export.ts';
import { expungeEvent } from './event/expunge.ts';
import { getEventFile } from './event/file.ts';
import { getEvent } from './event/get.ts';
import { listEvents } from './event/list.ts';
import { getEventRaw } from './event/raw.ts';
import { replayEvent } from './event/replay.ts';
import { tailEvents } from './event/tail.ts';
import { createEventType } from './event-type/create.ts';
import { deleteEventType } from './event-type/delete.ts';
import { getEventType } from './event-type/get.ts';
import { importOpenApi } from './event-type/import-openapi.ts';
import { listEventTypes } from './event-type/list.ts';
import { patchEventType } from './event-type/patch.ts';
import { updateEventType } from './event-type/update.ts';
import { createFlow } from './flow/create.ts';
import { deleteFlow } from './flow/delete.ts';
import { getFlow } from './flow/get.ts';
import { listFlows } from './flow/list.ts';
import { patchFlow } from './flow/patch.ts';
import { createFlowDestination } from './flow-destination/create.ts';
import { deleteFlowDestination } from './flow-destination/delete.ts';
import { getFlowDestination } from './flow-destination/get.ts';
import { getFlowDestinationSecret } from './flow-destination/get-secret.ts';
import { listFlowDestinations } from './flow-destination/list.ts';
import { patchFlowDestination } from './flow-destination/patch.ts';
import { inspectHealth } from './health/deep.ts';
import { getHealth } from './health/get.ts';
import { getLiveness } from './health/live.ts';
import { pingHealth } from './health/ping.ts';
import { getReadiness } from './health/ready.ts';
import { createIntegration } from './integration/create.ts';
import { deleteIntegration } from './integration/delete.ts';
import { getIntegration } from './integration/get.ts';
import { listIntegrations } from './integration/list.ts';
import { rotateIntegrationKey } from './integration/rotate-key.ts';
import { updateIntegration } from './integration/update.ts';
import { bulkExpungeContents } from './message/bulk-expunge.ts';
import { createMessage } from './message/create.ts';
import { createRawMessage } from './message/create-raw.ts';
import { expungeAllContents } from './message/expunge-all-contents.ts';
import { expungeMessageContent } from './message/expunge-content.ts';
import { getMessage } from './message/get.ts';
import { listMessages } from './message/list.ts';
import { precheckMessage } from './message/precheck-active.ts';
import { createOperationalEndpoint } from './operational-webhook/create.ts';
import { deleteOperationalEndpoint } from './operational-webhook/delete.ts';
import { getOperationalEndpoint } from './operational-webhook/get.ts';
import { getOperationalHeaders } from './operational-webhook/get-headers.ts';
import { getOperationalSecret } from './operational-webhook/get-secret.ts';
import { listOperationalEndpoints } from './operational-webhook/list.ts';
import { putOperationalHeaders } from './operational-webhook/put-headers.ts';
import { rotateOperationalSecret } from './operational-webhook/rotate-secret.ts';
import { upsertOperationalEndpoint } from './operational-webhook/upsert.ts';
import { commitOffset } from './poller/commit-offset.ts';
import { pollAsConsumer } from './poller/consumer-poll.ts';
import { seekConsumer } from './poller/consumer-seek.ts';
import { pollWithLease } from './poller/leased-poll.ts';
import { pollMessages } from './poller/poll.ts';
import { getProvider } from './provider/get.ts';
import { listProviders } from './provider/list.ts';
import { createSource } from './source/create.ts';
import { deleteSource } from './source/delete.ts';
import { getSource } from './source/get.ts';
import { getSourceSecrets } from './source/get-secrets.ts';
import { getSourceHealth } from './source/health.ts';
import { listSources } from './source/list.ts';
import { listRejections } from './source/list-rejections.ts';
import { patchSource } from './source/patch.ts';
import { pauseSource } from './source/pause.ts';
import { resumeSource } from './source/resume.ts';
import { rotateSourceSecret } from './source/rotate-secret.ts';
import { rotateSourceUrl } from './source/rotate-url.ts';
import { aggregateAppStats } from './statistics/aggregate-app-stats.ts';
import { aggregateEventTypes } from './statistics/aggregate-event-types.ts';
import { getTransformation } from './transformation/get.ts';
import { patchTransformation } from './transformation/patch.ts';

export const OPERATIONS: readonly Operation[] = [
  // application
  listApplications,
  createApplication,
  getApplication,
  updateApplication,
  patchApplication,
  deleteApplication,
  // endpoint
  listEndpoints,
  createEndpoint,
  getEndpoint,
  updateEndpoint,
  patchEndpoint,
  deleteEndpoint,
  getEndpointHeaders,
  updateEndpointHeaders,
  patchEndpointHeaders,
  getEndpointSecret,
  rotateEndpointSecret,
  getEndpointStats,
  sendEndpointExample,
  recoverEndpoint,
  replayMissingMessages,
  bulkReplayEndpoint,
  // message
  createMessage,
  createRawMessage,
  listMessages,
  getMessage,
  expungeMessageContent,
  bulkExpungeContents,
  expungeAllContents,
  precheckMessage,
  // attempt
  listAttemptsByEndpoint,
  listAttemptsByMessage,
  listMessageAttempts,
  listMessageEndpointAttempts,
  listEndpointMessages,
  listAttemptedDestinations,
  getAttempt,
  expungeAttemptContent,
  resendMessage,
  // event-type
  listEventTypes,
  createEventType,
  getEventType,
  updateEventType,
  patchEventType,
  deleteEventType,
  importOpenApi,
  // authentication
  openAppPortal,
  openDashboard,
  logOut,
  expireAllTokens,
  // background-task
  listBackgroundTasks,
  getBackgroundTask,
  cancelBackgroundTask,
  // operational-webhook
  listOperationalEndpoints,
  createOperationalEndpoint,
  getOperationalEndpoint,
  upsertOperationalEndpoint,
  deleteOperationalEndpoint,
  getOperationalHeaders,
  putOperationalHeaders,
  getOperationalSecret,
  rotateOperationalSecret,
  // integration
  listIntegrations,
  createIntegration,
  getIntegration,
  updateIntegration,
  deleteIntegration,
  rotateIntegrationKey,
  // destination
  listDestinations,
  createDestination,
  getDestination,
  upsertDestination,
  patchDestination,
  deleteDestination,
  getDestinationTransformation,
  patchDestinationTransformation,
  // poller
  pollMessages,
  pollAsConsumer,
  seekConsumer,
  pollWithLease,
  commitOffset,
  // transformation
  getTransformation,
  patchTransformation,
  // statistics
  aggregateAppStats,
  aggregateEventTypes,
  // environment
  exportEnvironment,
  importEnvironment,
  // source
  createSource,
  listSources,
  getSource,
  patchSource,
  deleteSource,
  getSourceSecrets,
  rotateSourceSecret,
  rotateSourceUrl,
  pauseSource,
  resumeSource,
  getSourceHealth,
  listRejections,
  // provider
  listProviders,
  getProvider,
  // flow
  createFlow,
  listFlows,
  getFlow,
  patchFlow,
  deleteFlow,
  // flow-destination
  createFlowDestination,
  listFlowDestinations,
  getFlowDestination,
  patchFlowDestination,
  deleteFlowDestination,
  getFlowDestinationSecret,
  // event
  listEvents,
  exportEvents,
  tailEvents,
  bulkReplayEvents,
  getEvent,
  getEventRaw,
  getEventFile,
  replayEvent,
  expungeEvent,
  // delivery
  listDeliveries,
  resendDelivery,
  // api-key
  createApiKey,
  listApiKeys,
  getApiKey,
  revokeApiKey,
  // audit
  listAudit,
  // health
  getHealth,
  pingHealth,
  getLiveness,
  getReadiness,
  inspectHealth,
];
