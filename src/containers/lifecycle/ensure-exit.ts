import { endMonitor } from "#native/zygote/wake.ts";
import { killCgroup } from "../limits/cgroups.ts";
import { sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { signalProgram, watchProgram } from "./watch-program.ts";

/** Milliseconds that a monitor has to report an exit after SIGKILL. */
const reportTimeout = 3000;

/** Sends a signal to PID 1 of a container, through its monitor if one is connected. */
export function signalContainer(services: ContainerServices, record: ContainerRecord, number: number): void {
  const { monitor } = services.runtime(record.id);
  if (monitor) monitor.signal(number);
  else signalProcess(record, number);
  if (number === sigkill) killCgroup(record);
}

/**
 * Waits for the exit of a container that received SIGKILL. A monitor that does not report the exit in time, because
 * it is frozen, is killed with its container: then the zygote records the exit.
 */
export async function ensureExit(record: ContainerRecord, exit: Promise<void>): Promise<void> {
  const { pid } = record.state;
  const timer = setTimeout(() => {
    signalProcess(record, sigkill);
    endMonitor(pid);
  }, reportTimeout);
  await exit.finally(() => clearTimeout(timer));
}

function signalProcess(record: ContainerRecord, number: number): void {
  using program = watchProgram(record);
  if (program) signalProgram(program, number);
}
