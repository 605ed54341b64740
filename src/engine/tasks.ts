/**
 * Background tasks: long work that is cut into steps, keeps its place in the store, and goes on after a restart.
 *
 *   start ──> running ──step──> running … ──last step──> finished
 *                │ ▲                └──a Problem, or a bug──> failed (the reason is in `data.error`)
 *                │ └─┘ the store is unavailable: the same step again, later
 *                └──somebody cancels it──> canceled (the step under way still counts)
 *
 * At most `atOnceMax` tasks run, the others wait in line; what does not fit in the line waits in the store. A task runs
 * on the node that holds the shard of its id, which is chosen so that this is the node where it was started.
 */
import type { Principal } from '../core/access/access.ts';
import type { BackgroundTask } from '../core/catalog/resources.ts';
import { newId, type OrganizationId, renderId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { SHARDS } from '../core/shard.ts';
import type { AuditEntry, ChangeResult } from '../ports/catalog.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';
import type { Log } from '../ports/log.ts';
import type { Storage } from '../ports/storage.ts';
import { auditDiff } from './audit-diff.ts';
import { changeOf, stamped } from './edits.ts';
import type { Edit, Engine, Received, Reply, Tasks } from './engine.ts';
import { idempotencyRecord, keyReused } from './idempotency.ts';
import { TASK_KINDS } from './tasks/index.ts';
import { readOptionalId } from './tasks/task-input.ts';
import { runsAlready, type Step } from './tasks/task-kind.ts';

/** Tasks that run at once. */
const AT_ONCE_MAX = 2;
/** Tasks that wait in memory; more of them wait in the store. */
const LINE_MAX = 1_000;
/** Ids that are drawn until one falls on a shard held here: enough when a single one of them is. */
const DRAWS_MAX = 16 * SHARDS;
const RANDOM_ID_BYTES = 15;
const RETRY_AFTER_SECONDS = 1;
/** Pause before a step is tried again when the store was unavailable; doubles up to the longest. */
const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 60_000;

export interface TaskParts {
  readonly storage: Pick<Storage, 'catalog' | 'history' | 'cluster'>;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  readonly replay: Engine['replay'];
  readonly received: Pick<Received, 'find' | 'plan'>;
  /** Whether the task of this id is to run here. */
  readonly isHere: (id: BackgroundTask['id']) => boolean;
  /** A task was written, when the catalog was at this version, and with it what stood alongside. */
  readonly written: (
    organization: OrganizationId,
    catalogVersion: number,
    alongside: readonly Edit[],
  ) => void;
  readonly atOnceMax?: number;
}

export interface RunningTasks extends Tasks {
  /** Takes up every task that the store says is running, and that is to run here. */
  resume(): Promise<void>;
  /** Takes no further step and waits for those under way; the tasks stay `running` in the store. */
  stop(): Promise<void>;
}

type StartRequest = Parameters<Tasks['start']>[0];

interface Ticket {
  readonly organization: OrganizationId;
  readonly id: BackgroundTask['id'];
}

export function createTasks(parts: TaskParts): RunningTasks {
  const runner = new TaskRunner(parts);
  return {
    start: (request) => runner.start(request),
    resume: () => runner.resume(),
    stop: () => runner.stop(),
  };
}

class TaskRunner {
  readonly #parts: TaskParts;
  readonly #atOnceMax: number;
  readonly #line: Ticket[] = [];
  /** Ids in line or running. */
  readonly #known = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  /** Tasks that have given up their place until their time comes, and what ends their wait. */
  readonly #resting = new Map<string, () => void>();
  /** Wakes those that pause, when it stops. */
  readonly #pauses = new Set<() => void>();
  /** The store may hold running tasks that are not known here. */
  #moreInStore = false;
  #stopping = false;

  constructor(parts: TaskParts) {
    this.#parts = parts;
    this.#atOnceMax = parts.atOnceMax ?? AT_ONCE_MAX;
  }

  async start(request: StartRequest): Promise<Reply> {
    const kind = TASK_KINDS.get(request.task);
    if (kind === undefined) throw new Error(`There is no background task named ${request.task}.`);
    kind.readInput(request.input);
    const task = this.#newTask(request);
    const reply = request.reply(task);
    const now = this.#parts.clock.now();
    const alongside = (request.alongside?.edits ?? []).map((edit) => stamped(edit, now));
    const result = await this.#insert(request, { task, reply, alongside });
    switch (result.kind) {
      case 'done':
        this.#parts.written(request.organization, result.catalogVersion, alongside);
        this.#enqueue({ organization: request.organization, id: task.id });
        return reply;
      case 'replayed':
        return { status: result.status, body: result.response, raw: true };
      case 'key-reused':
        throw keyReused();
      case 'uid-taken':
        throw runsAlready();
      case 'stale':
        if (alongside.length > 0)
          throw new Problem(
            'conflict',
            'Somebody else changed this at the same time: read it and try again.',
          );
        throw new Problem('not_found', 'The application was removed before its task was started.');
      default:
        throw new Error(`A new background task could not be stored: ${result.kind}.`);
    }
  }

  async #insert(
    request: StartRequest,
    { task, reply, alongside }: { task: BackgroundTask; reply: Reply; alongside: readonly Edit[] },
  ): Promise<ChangeResult> {
    const { principal, alongside: told } = request;
    const started = {
      subject: renderId(task.id, 'backgroundTask'),
      before: null,
      after: { task: task.task, input: task.input },
    };
    try {
      return await this.#parts.storage.catalog.write({
        organization: request.organization,
        changes: [{ op: 'insert', kind: 'background-task', resource: task }, ...alongside.map(changeOf)],
        audit: [
          this.#auditEntry(principal, { action: 'background-task.start', ...started }),
          ...alongside.map((edit) =>
            this.#auditEntry(principal, { action: told?.action ?? '', ...auditDiff(edit) }),
          ),
        ],
        idempotency: idempotencyRecord(request.idempotency, () => reply, task.createdAt),
        publish: [],
        forgetHealth: [],
      });
    } catch (cause) {
      // The store may have taken it although it did not say so.
      this.#lookLater();
      throw cause;
    }
  }

  async resume(): Promise<void> {
    this.#moreInStore = false;
    const found = await this.#parts.storage.catalog.runningTasks(LINE_MAX);
    this.#moreInStore = found.length === LINE_MAX;
    for (const { organization, task } of found) this.#enqueue({ organization, id: task.id });
    // Those of this node may be behind a page full of others'.
    if (this.#moreInStore && this.#line.length === 0) this.#lookLater();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const cancel of this.#resting.values()) cancel();
    for (const wake of [...this.#pauses]) wake();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #enqueue(ticket: Ticket): void {
    if (this.#stopping || this.#known.has(ticket.id) || this.#resting.has(ticket.id)) return;
    if (!this.#parts.isHere(ticket.id)) return;
    if (this.#line.length >= LINE_MAX) {
      this.#moreInStore = true;
      return;
    }
    this.#known.add(ticket.id);
    this.#line.push(ticket);
    this.#fill();
  }

  #fill(): void {
    while (!this.#stopping && this.#running.size < this.#atOnceMax && this.#line.length > 0) {
      const ticket = this.#line.shift()!;
      const run = this.#run(ticket).finally(() => {
        this.#running.delete(run);
        this.#known.delete(ticket.id);
        this.#fill();
      });
      this.#running.add(run);
    }
    if (this.#moreInStore && this.#line.length === 0 && !this.#stopping) this.#refill();
  }

  #refill(): void {
    this.#moreInStore = false;
    this.resume().catch((cause: unknown) => {
      this.#parts.log.error('task.resume-failed', cause);
      // The tasks are safe in the store; the next look finds them.
      this.#lookLater();
    });
  }

  #lookLater(): void {
    this.#parts.clock.after(RETRY_FIRST_MS, () => {
      this.#moreInStore = true;
      this.#fill();
    });
  }

  /** Steps one task to its end. Never rejects. */
  async #run(ticket: Ticket): Promise<void> {
    let retryMs = RETRY_FIRST_MS;
    // Between steps the others get their turn, also when the store answers at once.
    for (let pauseMs = 0; !this.#stopping && this.#parts.isHere(ticket.id); ) {
      try {
        const restMs = await this.#stepOnce(ticket);
        if (restMs === null) return;
        // Whoever keeps to a rate leaves its place to others meanwhile.
        if (restMs > 0) return this.#rest(ticket, restMs);
        pauseMs = 0;
        retryMs = RETRY_FIRST_MS;
      } catch (cause) {
        this.#parts.log.error('task.step-failed', cause, {
          task: renderId(ticket.id, 'backgroundTask'),
          retryMs,
        });
        pauseMs = retryMs;
        retryMs = Math.min(retryMs * 2, RETRY_LONGEST_MS);
      }
      await this.#pause(pauseMs);
    }
  }

  #rest(ticket: Ticket, ms: number): void {
    if (this.#stopping) return;
    const cancel = this.#parts.clock.after(ms, () => {
      this.#resting.delete(ticket.id);
      this.#enqueue(ticket);
    });
    this.#resting.set(ticket.id, cancel);
  }

  /**
   * Reads the task, makes one step and writes what came of it. Ms until the next step, 0 = at once; null = it has ended.
   * Throws when the store did.
   */
  async #stepOnce({ organization, id }: Ticket): Promise<number | null> {
    const { storage, replay, received, clock } = this.#parts;
    // Read again each time: the last write may have been stored although its answer was lost, or the task removed.
    const task = await storage.catalog.find(organization, 'background-task', { id }, undefined);
    if (task === null || task.status !== 'running') return null;
    const kind = TASK_KINDS.get(task.task);
    if (kind === undefined) {
      return this.#fail(organization, task, `This version knows no background task named ${task.task}.`);
    }
    let step: Step;
    try {
      const context = { organization, task, storage, replay, received, now: clock.now() };
      step = await kind.step(kind.readInput(task.input), context);
    } catch (cause) {
      if (cause instanceof Problem && cause.code === 'unavailable') throw cause;
      return this.#fail(organization, task, this.#reason(cause, task));
    }
    if ((await this.#write(organization, advanced(task, step))) === 'stale')
      return this.#countCanceled(organization, { task, step });
    return step.finished ? null : (step.restMs ?? 0);
  }

  /** When somebody else wrote the task, the next step reads what they wrote. */
  async #fail(organization: OrganizationId, task: BackgroundTask, error: string): Promise<number | null> {
    const failed = { ...task, status: 'failed', data: { ...task.data, error } } as const;
    return (await this.#write(organization, failed)) === 'stale' ? 0 : null;
  }

  /** What the step has done is done, also when the task was canceled while it ran. 0 = the task may go on. */
  async #countCanceled(
    organization: OrganizationId,
    { task, step }: { readonly task: BackgroundTask; readonly step: Step },
  ): Promise<number | null> {
    const { id, version } = task;
    const ref = { id };
    const now = await this.#parts.storage.catalog.find(organization, 'background-task', ref, undefined);
    // One version later: the cancellation is all that has happened, so nobody has counted this step yet.
    if (now?.status !== 'canceled' || now.version !== version + 1) return 0;
    await this.#write(organization, { ...advanced(now, step), status: 'canceled' });
    return null;
  }

  /** Writes what a step made of the task, unless somebody else wrote it meanwhile. */
  async #write(organization: OrganizationId, task: BackgroundTask): Promise<'written' | 'stale'> {
    const { storage, clock, log } = this.#parts;
    const uid = task.status === 'running' ? task.uid : null;
    const resource = { ...task, uid, version: task.version + 1, updatedAt: clock.now() };
    const result = await storage.catalog.write({
      organization,
      changes: [{ op: 'update', kind: 'background-task', resource }],
      audit: [],
      idempotency: null,
      publish: [],
      forgetHealth: [],
    });
    if (result.kind !== 'done') return 'stale';
    this.#parts.written(organization, result.catalogVersion, []);
    if (task.status === 'running') return 'written';
    log.info('task.ended', {
      task: renderId(task.id, 'backgroundTask'),
      organization,
      kind: task.task,
      status: task.status,
      done: task.progress.done,
      durationMs: clock.now() - task.createdAt,
    });
    return 'written';
  }

  #reason(cause: unknown, task: BackgroundTask): string {
    if (cause instanceof Problem) return cause.message;
    this.#parts.log.error('task.failed', cause, {
      task: renderId(task.id, 'backgroundTask'),
      kind: task.task,
    });
    return 'An unexpected error ended this task; the log has its cause. Start the task again to do the rest.';
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stopping) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.#pauses.delete(wake);
        resolve();
      };
      const cancel = this.#parts.clock.after(ms, wake);
      this.#pauses.add(wake);
    });
  }

  #newTask(request: StartRequest): BackgroundTask {
    const now = this.#parts.clock.now();
    return {
      id: this.#idHere(now),
      uid: request.uid ?? null,
      ownerId: readOptionalId<'application'>(request.input, 'applicationId'),
      createdAt: now,
      updatedAt: now,
      version: 1,
      task: request.task,
      status: 'running',
      input: request.input,
      cursor: null,
      progress: { done: 0, total: null },
      data: {},
    };
  }

  #idHere(now: number): BackgroundTask['id'] {
    const { dice, isHere } = this.#parts;
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const id: BackgroundTask['id'] = newId(now, dice.bytes(RANDOM_ID_BYTES));
      if (isHere(id)) return id;
    }
    throw new Problem('unavailable', 'This node takes no work at the moment: start the task again shortly.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }

  #auditEntry(
    principal: Principal,
    told: Pick<AuditEntry, 'action' | 'subject' | 'before' | 'after'>,
  ): AuditEntry {
    const { clock, dice } = this.#parts;
    const at = clock.now();
    const id = newId(at, dice.bytes(RANDOM_ID_BYTES));
    return { id, at, actorKind: principal.kind, actorId: principal.actorId, ...told };
  }
}

function advanced(task: BackgroundTask, step: Step): BackgroundTask {
  const total = step.addTotal ? (task.progress.total ?? 0) + step.addTotal : task.progress.total;
  return {
    ...task,
    status: step.finished ? 'finished' : 'running',
    cursor: step.cursor,
    progress: { done: task.progress.done + step.done, total },
    data: step.data,
  };
}
