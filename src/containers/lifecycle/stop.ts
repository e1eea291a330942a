import { TboxError } from "#support/errors.ts";
import { killCgroup } from "../limits/cgroups.ts";
import { parseSignal } from "../request/signals.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { resume } from "./pause.ts";

const defaultTimeout = 10;
const kill = 9;

/** Asks a container to end and ends it after a while; `timeout` in seconds, negative is for ever. */
export async function stopContainer(
  fleet: Fleet,
  name: string,
  options: { timeout?: number; signal?: string },
): Promise<"stopped" | "already-stopped"> {
  const { id, config } = fleet.records.find(name);
  const companion = fleet.companion(id);
  const { monitor } = companion;
  const record = fleet.records.find(id);
  if (record.state.status === "restarting") {
    abandonRestart(fleet, record);
    return "stopped";
  }
  if (!isRunning(record) || !monitor) return "already-stopped";
  companion.stopping = true;
  const timeout = options.timeout ?? config.StopTimeout ?? defaultTimeout;
  const ended = exitOf(fleet, id);
  monitor.signal(parseSignal(options.signal || config.StopSignal || "TERM"));
  // A paused program hears of it as soon as it goes on.
  if (record.state.status === "paused") await resume(fleet, record);
  const end = () => {
    monitor.signal(kill);
    killCgroup(record);
  };
  const timer = timeout < 0 ? undefined : setTimeout(end, timeout * 1000);
  try {
    await ended;
  } finally {
    clearTimeout(timer);
  }
  if (!record.hostConfig.AutoRemove) fleet.notify("stop", record);
  return "stopped";
}

/** Leaves a container that waits to be started again as it is. */
export function abandonRestart(fleet: Fleet, record: ContainerRecord): void {
  const companion = fleet.companion(record.id);
  clearTimeout(companion.restart);
  companion.restart = undefined;
  record.state.status = "exited";
  record.stoppedByUser = true;
  fleet.records.save(record);
}

/** Seconds that a kill waits for the end. */
const killPatience = 10;

/** Sends a signal; SIGKILL when none is named, and then the container has ended afterwards. */
export async function killContainer(
  fleet: Fleet,
  name: string,
  { signal = "KILL" }: { signal?: string },
): Promise<void> {
  const record = fleet.records.find(name);
  const { id, name: own, config } = record;
  const number = parseSignal(signal || "KILL");
  const { monitor } = fleet.companion(id);
  if (record.state.status === "restarting" && number === kill) return abandonRestart(fleet, record);
  if (!isRunning(record) || !monitor) {
    throw new TboxError("conflict", `cannot kill container: ${name}: container ${own} is not running`);
  }
  // A kill is an end that was asked for; another signal is the program's own business.
  if (number === kill) fleet.companion(id).stopping = true;
  const ended = exitOf(fleet, id);
  monitor.signal(number);
  if (number === kill) killCgroup(record);
  else if (record.state.status === "paused" && number === parseSignal(config.StopSignal || "TERM")) {
    await resume(fleet, record);
  }
  fleet.notify("kill", record, { signal: String(number) });
  if (number !== kill) return;
  const { promise: tired, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, killPatience * 1000);
  await Promise.race([ended, tired]);
  clearTimeout(timer);
}

export async function killAndWait(fleet: Fleet, id: string): Promise<void> {
  const ended = exitOf(fleet, id);
  fleet.companion(id).stopping = true;
  fleet.companion(id).monitor?.signal(kill);
  const record = fleet.records.all().find((one) => one.id === id);
  if (record) killCgroup(record);
  await ended;
}

/** Resolves at the container's next exit; at once when it does not run. */
function exitOf(fleet: Fleet, id: string): Promise<void> {
  const record = fleet.records.all().find((one) => one.id === id);
  if (!record || !isRunning(record)) return Promise.resolve();
  const { exits } = fleet.companion(id);
  const { promise, resolve } = Promise.withResolvers<void>();
  const tell = () => {
    exits.delete(tell);
    resolve();
  };
  exits.add(tell);
  return promise;
}
