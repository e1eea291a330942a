import { invalidArgument } from "#support/errors.ts";
import { linksOf } from "../networking/links.ts";
import type { RestartPolicy } from "../request/create-request.ts";
import type { Fleet } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { containerOf } from "./shared-namespaces.ts";
import { startContainer } from "./start.ts";

const shortest = 100;
const longest = 60_000;

/** A run of this many milliseconds is a success, after which the waits begin anew. */
const steady = 10_000;

/** Throws invalid-argument for a policy that Docker would refuse. */
export function checkRestartPolicy(policy: RestartPolicy, autoRemove: boolean): void {
  const { Name: name = "", MaximumRetryCount: retries = 0 } = policy;
  if (!["", "no", "always", "unless-stopped", "on-failure"].includes(name)) {
    throw invalidArgument(`invalid restart policy: unknown policy '${name}'`);
  }
  if (retries !== 0 && name !== "on-failure") {
    const rule = "maximum retry count can only be used with 'on-failure'";
    throw invalidArgument(`invalid restart policy: ${rule}`);
  }
  if (retries < 0) {
    throw invalidArgument("invalid restart policy: maximum retry count cannot be negative");
  }
  if (autoRemove && name !== "" && name !== "no") {
    throw invalidArgument("can't create 'AutoRemove' container with restart policy");
  }
}

/** Whether a container is started anew after an exit that nobody asked for. */
export function wantsRestart({ hostConfig, state, restartCount }: ContainerRecord, manual: boolean): boolean {
  const { Name: name = "no", MaximumRetryCount: retries = 0 } = hostConfig.RestartPolicy ?? {};
  if (manual) return false;
  if (name === "always" || name === "unless-stopped") return true;
  return name === "on-failure" && state.exitCode !== 0 && (retries === 0 || restartCount < retries);
}

/** Whether a container that does not run is started when the daemon starts. */
export function wantsStart({ hostConfig, stoppedByUser }: ContainerRecord): boolean {
  const name = hostConfig.RestartPolicy?.Name;
  return name === "always" || (name === "unless-stopped" && !stoppedByUser);
}

/** Starts a container again after a while that doubles with every failure in a row. */
export function scheduleRestart(fleet: Fleet, record: ContainerRecord): void {
  const companion = fleet.companion(record.id);
  const ran = Date.parse(record.state.finishedAt) - Date.parse(record.state.startedAt);
  const wait = ran >= steady || !companion.wait ? shortest : Math.min(longest, companion.wait * 2);
  companion.wait = wait;
  record.restartCount++;
  companion.restart = setTimeout(() => restart(fleet, record), wait);
}

/** Starts a container that waits for it, after those that it needs. */
async function restart(fleet: Fleet, record: ContainerRecord): Promise<void> {
  const ready = neededBy(fleet, record).map((other) => {
    const { restart: waiting, inTurn } = fleet.companion(other.id);
    return waiting ? restart(fleet, other) : inTurn(async () => {});
  });
  await Promise.all(ready);
  await startContainer(fleet, record.id).catch((error) =>
    fleet.warn(`restart container ${record.name}`, error),
  );
}

/** Containers without which another cannot start. */
function neededBy(fleet: Fleet, record: ContainerRecord): ContainerRecord[] {
  const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
  const donors = [NetworkMode, PidMode, IpcMode].flatMap(
    (mode) => fleet.records.withId(containerOf(mode) ?? "") ?? [],
  );
  return [...donors, ...linksOf(fleet, record).map(({ to }) => to)];
}
