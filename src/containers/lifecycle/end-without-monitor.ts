import type { ProcessWatch } from "#native/addon/reactor.ts";
import type { Exited } from "#native/protocol/monitor.ts";
import { repeatFor } from "#support/concurrency/repeat-for.ts";
import { killCgroup } from "../limits/cgroups.ts";
import { sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { readExitRecord } from "./exit-record.ts";
import { signalProgram, watchProgram } from "./watch-program.ts";

/** Milliseconds that the zygote has to write an exit record. */
const recordTimeout = 1000;

/**
 * Ends a container that no monitor controls any more, and waits for the end of PID 1. Returns the exit record, or
 * undefined if there is none.
 */
export async function endWithoutMonitor(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<Exited | undefined> {
  // A monitor writes the record before it closes its socket.
  const recorded = await readExitRecord(services, record);
  if (recorded) return recorded;
  using program = watchProgram(record);
  killCgroup(record);
  if (!program) return readExitRecord(services, record);
  await kill(program);
  return awaitExitRecord(services, record);
}

/** Waits for the exit record that the zygote writes for a container without a monitor; returns nothing without one. */
async function awaitExitRecord(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<Exited | undefined> {
  return await repeatFor(recordTimeout, () => readExitRecord(services, record));
}

async function kill(program: ProcessWatch): Promise<void> {
  signalProgram(program, sigkill);
  await program.exited;
}
