import { monotonic } from "#native/addon/clock.ts";
import { discardStream } from "#native/addon/stream.ts";
import { keepConnected } from "#native/monitor/keep-connected.ts";
import { connectMonitor } from "#native/monitor/monitor.ts";
import type { Started } from "#native/protocol/monitor.ts";
import type { Launched } from "#native/zygote/zygote.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { never } from "#support/time/timestamp.ts";
import { createContainerCgroup, dropCgroup } from "../limits/cgroups.ts";
import { shipLog } from "../logging/ship-log.ts";
import { etcFilesOf } from "../networking/etc-files.ts";
import { joinNetworks, leaveNetworks, notifyNetworks } from "../networking/join-networks.ts";
import { linkEnvironment } from "../networking/link-environment.ts";
import { requireLinkTargets } from "../networking/links.ts";
import { replaceMissingEtcFiles } from "../networking/missing-etc-files.ts";
import { ensureBindSources } from "../request/bind-sources.ts";
import { isIsolated } from "../request/isolation.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning, isShortLived, type PhaseTrace } from "../state/container-record.ts";
import type { RuntimeState } from "../state/runtime-state.ts";
import { notifyVolumes } from "../volumes/container-volumes.ts";
import { layersOfMountedImages } from "../volumes/image-mounts.ts";
import { requireMemoryVolumes } from "../volumes/memory-volumes.ts";
import { reportOutOfMemory, watchExit } from "./handle-exit.ts";
import { planLaunch } from "./plan-launch.ts";
import { explainProgramFailure, programFailureCode } from "./program-failure.ts";
import { removeStopped } from "./remove.ts";
import { cancelScheduledStart } from "./restart-scheduler.ts";
import { runningState } from "./running-state.ts";
import { namespaceOwners, resolveNamespaceOwners } from "./shared-namespaces.ts";

/** Options of a start. */
export interface StartOptions {
  /** Whether the client stays until the exit. If the daemon dies in the first moments, a short-lived container ends, too. */
  attended?: boolean;
}

/**
 * Starts a container. Streams attached before the start receive the output from the first byte. The start begins a new count
 * of restarts.
 */
export function startContainer(
  services: ContainerServices,
  name: string,
  { attended = false }: StartOptions = {},
): Promise<"started" | "already-started"> {
  const requestedAt = monotonic();
  const { id } = services.records.find(name);
  const runtime = services.runtime(id);
  return runtime.queue(async () => {
    const record = services.records.find(id);
    if (record.state.status === "paused") {
      throw new TboxError("conflict", "cannot start a paused container, try unpause instead");
    }
    if (isRunning(record)) return "already-started";
    cancelScheduledStart(runtime);
    record.restartCount = 0;
    runtime.restartDelay = 0;
    await start(services, record, { requestedAt, attended });
    return "started";
  });
}

/** Starts a container that the restart policy has scheduled, unless the start was cancelled before its turn. */
export function startScheduled(services: ContainerServices, id: string): Promise<void> {
  const requestedAt = monotonic();
  const runtime = services.runtime(id);
  return runtime.queue(async () => {
    const record = services.records.withId(id);
    if (!record || isRunning(record) || runtime.restartTimer === undefined) return;
    cancelScheduledStart(runtime);
    await start(services, record, { requestedAt, attended: false });
  });
}

async function start(
  services: ContainerServices,
  record: ContainerRecord,
  { requestedAt, attended }: { requestedAt: number; attended: boolean },
): Promise<void> {
  const runtime = services.runtime(record.id);
  const image = record.imageId === undefined ? undefined : await services.images.resolve(record.imageId);
  const resolvedAt = monotonic();
  const attached = runtime.pendingAttachments.splice(0);
  let launch: LaunchResult;
  runtime.launching = true;
  try {
    launch = await launchProgram(services, record, { image, attached, requestedAt });
  } catch (error) {
    for (const { pair } of attached) discardStream(pair);
    dropCgroup(services, record);
    const explained = replaceMissingEtcFiles(services, record, explainProgramFailure(error, image?.config));
    throw await handleStartFailure(services, record, explained);
  } finally {
    runtime.launching = false;
  }
  const { launched, started, preparedAt } = launch;
  const monitor = keepConnected(launched.monitor, () =>
    connectMonitor(services.run, record.id, () => reportOutOfMemory(services, record)),
  );
  runtime.monitor = monitor;
  runtime.oomReported = false;
  runtime.requestedAt = requestedAt;
  const phases: [string, number][] = [
    ["resolved", resolvedAt],
    ["prepared", preparedAt],
    ...started.phases.map(({ name, at }): [string, number] => [name, at]),
    ["reported", monotonic()],
  ];
  record.phases = phases.map(
    ([name, at]): PhaseTrace => ({ name, microseconds: Math.round((at - requestedAt) / 1000) }),
  );
  const awaited = attended || runtime.exitListeners.size > 0 || runtime.removalListeners.size > 0;
  const writesLater = awaited && isShortLived(record);
  record.state = {
    status: "running",
    ...(writesLater ? { pid: started.pid, startedAt: started.startedAt } : runningState(started)),
    exitCode: 0,
    oomKilled: false,
    error: "",
    finishedAt: record.state.finishedAt,
  };
  record.stoppedByUser = false;
  if (writesLater) services.records.saveLater(record);
  else {
    services.records.saveEventually(record);
    // Other containers prepare the next ones when they end.
    services.prepareNext();
  }
  services.notify("start", record);
  runtime.healthCheck = services.watchHealth(record);
  runtime.logShipping = shipLog(services, record);
  watchExit(services, record, monitor);
}

interface LaunchResult {
  launched: Launched;
  started: Started;
  /** Monotonic time at which the networks were joined. */
  preparedAt: number;
}

interface LaunchInput {
  image: Awaited<ReturnType<ContainerServices["images"]["resolve"]>> | undefined;
  attached: RuntimeState["pendingAttachments"];
  requestedAt: number;
}

async function launchProgram(
  services: ContainerServices,
  record: ContainerRecord,
  { image, attached, requestedAt }: LaunchInput,
): Promise<LaunchResult> {
  resolveNamespaceOwners(services.records, record);
  for (const owner of namespaceOwners(services.records, record)) services.runtime(owner.id).isolated = false;
  // A process that reached the container in an earlier run may still have its files open.
  const runtime = services.runtime(record.id);
  runtime.isolated = record.state.startedAt === never && isIsolated(record, runtime.buildStep);
  requireLinkTargets(services, record);
  requireMemoryVolumes(services, record);
  ensureBindSources(record.hostConfig, services.apiSocket);
  let preparedAt = 0;
  const plan = async (again: boolean) => {
    if (again) await leaveNetworks(services, record);
    const network = await joinNetworks(services, record, { fresh: again });
    preparedAt = monotonic();
    return planLaunch(record, {
      diffIds: record.layers ?? image?.diffIds ?? [],
      ...(record.mountedImages ? { mountedLayers: await layersOfMountedImages(services, record) } : {}),
      step: runtime.buildStep,
      hostname: record.config.Hostname ?? "",
      network,
      ...(record.config.Rootfs === undefined ? {} : { hostEtcFiles: etcFilesOf(record.config.Rootfs) }),
      socket: services.apiSocket,
      linked: linkEnvironment(services, record),
      ...(image?.embedded ? { trace: requestedAt } : {}),
    });
  };
  notifyVolumes(services.volumes, record, "mount");
  try {
    const launched = await services.zygote.launch(plan, {
      cgroup: (delegation, launch) => createContainerCgroup(services, record, { delegation, launch }),
      outOfMemory: () => reportOutOfMemory(services, record),
      attachments: attached.map(({ attachment }) => attachment),
      pairs: attached.map(({ pair }) => pair),
    });
    return { launched, started: await launched.monitor.started, preparedAt };
  } catch (error) {
    notifyVolumes(services.volumes, record, "unmount");
    throw error;
  }
}

/** Stores why a start failed, calls the exit listeners, and returns the error for the client. */
async function handleStartFailure(
  services: ContainerServices,
  record: ContainerRecord,
  error: unknown,
): Promise<TboxError> {
  services.failedStart?.();
  const joined = record.network !== undefined;
  await leaveNetworks(services, record);
  if (joined) notifyNetworks(services, record, "disconnect");
  const programCode = programFailureCode(error);
  const exitCode = programCode ?? 128;
  record.state = {
    ...record.state,
    status: record.state.startedAt.startsWith("0001") ? "created" : "exited",
    exitCode,
    error: errorChain(error),
  };
  services.records.saveEventually(record);
  for (const listener of [...services.runtime(record.id).exitListeners]) listener({ code: exitCode });
  if (record.hostConfig.AutoRemove) await removeStopped(services, record);
  const code = error instanceof TboxError ? error.code : "internal";
  const shown = programCode === undefined ? code : "invalid-argument";
  return new TboxError(shown, `start container ${record.name}`, { cause: error });
}
