import { type ProcessWatch, watchProcess } from "#native/addon/reactor.ts";
import type { Exited } from "#native/protocol/monitor.ts";
import { killCgroup } from "../limits/cgroups.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { readExitRecord } from "./exit-record.ts";

const sigkill = 9;

/**
 * Ends a container that no monitor controls any more. Returns its exit record, or undefined without one, after the end of
 * its PID 1.
 */
export async function endWithoutMonitor(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<Exited | undefined> {
  // A monitor writes the record before it closes its socket.
  const recorded = await readExitRecord(services, record);
  if (recorded) return recorded;
  killCgroup(record);
  using program = watchProgram(record);
  if (program) await kill(program);
  return readExitRecord(services, record);
}

/** Watches PID 1 of a container; returns nothing when it has ended. */
function watchProgram({ state: { pid, startTicks } }: ContainerRecord): ProcessWatch | undefined {
  if (startTicks === undefined) return undefined;
  try {
    return watchProcess(pid, startTicks);
  } catch {
    return undefined;
  }
}

async function kill(program: ProcessWatch): Promise<void> {
  try {
    program.signal(sigkill);
  } catch {
    // It has just exited.
  }
  await program.exited;
}
