import { linksOf } from "../networking/links.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import type { RuntimeState } from "../state/runtime-state.ts";
import { restartsAfterExit } from "./restart-policy.ts";
import { namespaceOwners } from "./shared-namespaces.ts";

const firstDelay = 100;
const longestDelay = 60_000;

/** Milliseconds after which a run counts as a success: the next delay is the first one again. */
const stableRun = 10_000;

/** Delayed starts of containers, as their restart policies demand. */
export interface RestartScheduler {
  /** Starts a container after a delay. The delay doubles with each failure in a row. */
  schedule(record: ContainerRecord): void;
}

type SchedulerServices = Pick<ContainerServices, "records" | "runtime" | "warn">;

/** Opens the scheduler. `start` starts a container by its ID. */
export function openRestartScheduler(
  services: SchedulerServices,
  start: (id: string) => Promise<unknown>,
): RestartScheduler {
  /** Starts a container after the containers that it depends on. */
  async function restart(record: ContainerRecord): Promise<void> {
    const ready = dependenciesOf(services, record).map((other) => {
      const { restartTimer, queue } = services.runtime(other.id);
      return restartTimer ? restart(other) : queue(async () => {});
    });
    await Promise.all(ready);
    try {
      await start(record.id);
    } catch (error) {
      services.warn(`restart container ${record.name}`, error);
      await services.runtime(record.id).queue(async () => scheduleAfterFailure(record));
    }
  }

  /** Schedules another start after one that failed, unless the container was stopped or removed meanwhile. */
  function scheduleAfterFailure(record: ContainerRecord): void {
    if (services.records.withId(record.id) !== record || isRunning(record)) return;
    // The failed start has cleared the timer; another one may have set it again.
    if (services.runtime(record.id).restartTimer !== undefined) return;
    if (!restartsAfterExit(record, record.stoppedByUser ?? false)) return;
    record.state.status = "restarting";
    services.records.saveEventually(record);
    schedule(record);
  }

  function schedule(record: ContainerRecord): void {
    const runtime = services.runtime(record.id);
    const { startedAt, finishedAt } = record.state;
    const ran = Date.parse(finishedAt) - Date.parse(startedAt);
    const { restartDelay: previous } = runtime;
    const delay = ran >= stableRun || !previous ? firstDelay : Math.min(longestDelay, previous * 2);
    runtime.restartDelay = delay;
    record.restartCount++;
    runtime.restartTimer = setTimeout(() => restart(record), delay);
  }

  return { schedule };
}

/** Cancels a scheduled start. */
export function cancelScheduledStart(runtime: RuntimeState): void {
  clearTimeout(runtime.restartTimer);
  runtime.restartTimer = undefined;
}

/** Returns the containers that must run before a container can start. */
function dependenciesOf(services: SchedulerServices, record: ContainerRecord): ContainerRecord[] {
  return [...namespaceOwners(services.records, record), ...linksOf(services, record).map(({ to }) => to)];
}
