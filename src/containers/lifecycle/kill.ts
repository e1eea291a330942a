import { explained, TboxError } from "#support/errors.ts";
import { parseSignal, sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { ensureExit, signalContainer } from "./ensure-exit.ts";
import { nextExit } from "./next-exit.ts";
import { resume } from "./pause.ts";
import { stayStopped } from "./stop.ts";

/** Longest time that a kill waits for the exit. */
const exitTimeoutSeconds = 10;

/**
 * Sends a signal, SIGKILL by default. After SIGKILL it waits for the exit. A signal that is meant to end the container
 * cancels the restart policy for the next exit and thaws a paused container.
 */
export async function killContainer(
  services: ContainerServices,
  name: string,
  options: { signal?: string },
): Promise<void> {
  await explained(`cannot kill container: ${name}`, () => kill(services, name, options));
}

async function kill(
  services: ContainerServices,
  name: string,
  { signal = "KILL" }: { signal?: string },
): Promise<void> {
  const number = parseSignal(signal || "KILL");
  const record = services.records.find(name);
  const runtime = services.runtime(record.id);
  const ends = isEnding(record, number);
  if (record.state.status === "restarting") {
    if (!ends) return;
    stayStopped(services, record);
    // A start that has begun ends in a running container.
    await runtime.queue(async () => {});
    if (!isRunning(record)) return;
  }
  if (!isRunning(record)) {
    throw new TboxError("conflict", `container ${record.id} is not running`);
  }
  if (ends) runtime.stopRequested = true;
  const exit = nextExit(services, record.id);
  signalContainer(services, record, number);
  if (number !== sigkill && record.state.status === "paused" && ends) await resume(services, record);
  services.notify("kill", record, { signal: String(number) });
  if (number === sigkill) await atMost(exitTimeoutSeconds, ensureExit(record, exit));
}

/**
 * Returns whether a signal is meant to end a container: SIGKILL always is; another signal is if it equals the
 * configured stop signal or if none is configured.
 */
function isEnding({ config: { StopSignal } }: ContainerRecord, signal: number): boolean {
  return signal === sigkill || !StopSignal || signal === parseSignal(StopSignal);
}

/** Sends SIGKILL to a container and waits for its exit. */
export async function killAndWait(services: ContainerServices, id: string): Promise<void> {
  const exit = nextExit(services, id);
  services.runtime(id).stopRequested = true;
  const record = services.records.find(id);
  signalContainer(services, record, sigkill);
  await ensureExit(record, exit);
}

async function atMost(seconds: number, work: Promise<void>): Promise<void> {
  const { promise: expired, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, seconds * 1000);
  await Promise.race([work, expired]);
  clearTimeout(timer);
}
