import { parseSignal, sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { ensureExit, signalContainer } from "./ensure-exit.ts";
import { nextExit } from "./next-exit.ts";
import { resume } from "./pause.ts";
import { cancelScheduledStart } from "./restart-scheduler.ts";

const defaultTimeoutSeconds = 10;

/** Sends the stop signal, and SIGKILL after `timeout` seconds; a negative timeout waits for ever. */
export async function stopContainer(
  services: ContainerServices,
  name: string,
  options: { timeout?: number; signal?: string },
): Promise<"stopped" | "already-stopped"> {
  const record = services.records.find(name);
  const { id, config } = record;
  const runtime = services.runtime(id);
  const restarts = record.state.status === "restarting";
  if (restarts) stayStopped(services, record);
  // A start that has begun ends in a running container.
  if (!isRunning(record)) await runtime.queue(async () => {});
  if (!isRunning(record)) return restarts ? "stopped" : "already-stopped";
  runtime.stopRequested = true;
  const timeout = options.timeout ?? config.StopTimeout ?? defaultTimeoutSeconds;
  const exit = nextExit(services, id);
  signalContainer(services, record, parseSignal(options.signal || config.StopSignal || "TERM"));
  // A frozen process receives the signal only after it is thawed.
  if (record.state.status === "paused") await resume(services, record);
  const kill = () => {
    signalContainer(services, record, sigkill);
    void ensureExit(record, exit);
  };
  const timer = timeout < 0 ? undefined : setTimeout(kill, timeout * 1000);
  try {
    await exit;
  } finally {
    clearTimeout(timer);
  }
  if (!record.hostConfig.AutoRemove) services.notify("stop", record);
  return "stopped";
}

/** Cancels the scheduled start of a `restarting` container. A start that has begun continues. */
export function stayStopped(services: ContainerServices, record: ContainerRecord): void {
  cancelScheduledStart(services.runtime(record.id));
  record.state.status = "exited";
  record.stoppedByUser = true;
  services.records.saveEventually(record);
}
