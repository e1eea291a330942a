import { monotonic } from "#native/addon/clock.ts";
import type { Started } from "#native/zygote/protocol.ts";
import type { Launched } from "#native/zygote/zygote.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { dropCgroup, makeCgroup } from "../limits/cgroups.ts";
import { joinNetworks, leaveNetworks } from "../networking/join.ts";
import { linkedEnvironment, requireLinked } from "../networking/links.ts";
import { type Companion, type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord, PhaseTrace } from "../state/record.ts";
import { follow, tellOutOfMemory, tellVolumes } from "./lifecycle.ts";
import { planLaunch } from "./plan-launch.ts";
import { programFailureCode } from "./program-failure.ts";
import { removeStopped } from "./remove.ts";
import { requireDonors } from "./shared-namespaces.ts";

/** Starts a container; what was attached before gets its output from the first byte. */
export function startContainer(fleet: Fleet, name: string): Promise<"started" | "already-started"> {
  const requested = monotonic();
  const { id } = fleet.records.find(name);
  const companion = fleet.companion(id);
  return companion.inTurn(async () => {
    const record = fleet.records.find(id);
    if (record.state.status === "paused") {
      throw new TboxError("conflict", "cannot start a paused container, try unpause instead");
    }
    if (isRunning(record)) return "already-started";
    clearTimeout(companion.restart);
    companion.restart = undefined;
    await launch(fleet, record, companion, requested);
    return "started";
  });
}

async function launch(
  fleet: Fleet,
  record: ContainerRecord,
  companion: Companion,
  requested: number,
): Promise<void> {
  const image = record.imageId === undefined ? undefined : await fleet.images.resolve(record.imageId);
  const resolved = monotonic();
  const hostname = record.config.Hostname ?? "";
  const waiting = companion.waiting.splice(0);
  let prepared = resolved;
  let launched: Launched;
  let started: Started;
  try {
    requireDonors(fleet, record.hostConfig);
    requireLinked(fleet, record);
    const plan = async (again: boolean) => {
      if (again) await leaveNetworks(fleet, record);
      const network = await joinNetworks(fleet, record, { fresh: again });
      prepared = monotonic();
      return planLaunch(record, {
        diffIds: record.layers ?? image?.diffIds ?? [],
        step: companion.step,
        hostname,
        network,
        linked: linkedEnvironment(fleet, record),
        ...(image?.embedded ? { trace: requested } : {}),
      });
    };
    launched = await fleet.zygote.launch(plan, {
      cgroup: (delegation) => makeCgroup(fleet, record, delegation),
      outOfMemory: () => tellOutOfMemory(fleet, record),
      attachments: waiting.map(({ attachment }) => attachment),
      pairs: waiting.map(({ pair }) => pair),
    });
    started = await launched.monitor.started;
  } catch (error) {
    for (const { pair } of waiting) pair.stream.destroy();
    dropCgroup(fleet, record);
    throw await failed(fleet, record, companion, error);
  }
  const phases: [string, number][] = [
    ["resolved", resolved],
    ["prepared", prepared],
    ...started.phases.map(({ name, at }): [string, number] => [name, at]),
    ["reported", monotonic()],
  ];
  companion.monitor = launched.monitor;
  record.phases = phases.map(
    ([name, at]): PhaseTrace => ({ name, microseconds: Math.round((at - requested) / 1000) }),
  );
  record.state = {
    status: "running",
    pid: started.pid,
    exitCode: 0,
    oomKilled: false,
    error: "",
    startedAt: started.startedAt,
    finishedAt: record.state.finishedAt,
  };
  companion.oomTold = false;
  record.stoppedByUser = false;
  fleet.records.save(record);
  tellVolumes(fleet, record, "mount");
  fleet.notify("start", record);
  companion.health = fleet.watchHealth(record);
  follow(fleet, record, launched.monitor);
}

/** Notes why a container could not be started, and tells whoever waits for its exit. */
async function failed(
  fleet: Fleet,
  record: ContainerRecord,
  companion: Companion,
  error: unknown,
): Promise<TboxError> {
  await leaveNetworks(fleet, record);
  const programCode = programFailureCode(error);
  const exitCode = programCode ?? 128;
  const message = errorChain(error);
  record.state = {
    ...record.state,
    status: record.state.startedAt.startsWith("0001") ? "created" : "exited",
    exitCode,
    error: message,
  };
  fleet.records.save(record);
  for (const exited of [...companion.exits]) exited({ code: exitCode });
  if (record.hostConfig.AutoRemove) await removeStopped(fleet, record);
  const code = error instanceof TboxError ? error.code : "internal";
  const shown = programCode === undefined ? code : "invalid-argument";
  return new TboxError(shown, `start container ${record.name}`, { cause: error });
}
