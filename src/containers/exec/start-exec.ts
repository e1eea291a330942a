import type { Monitor } from "#native/monitor/monitor.ts";
import type { Attachment } from "#native/protocol/monitor.ts";
import { TboxError } from "#support/errors.ts";
import { foundNoProcess } from "../lifecycle/no-process.ts";
import { explainProgramFailure, programFailureCode } from "../lifecycle/program-failure.ts";
import { openContainerCgroup } from "../limits/cgroups.ts";
import { linkEnvironment } from "../networking/link-environment.ts";
import { sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { ExecRecord, ExecRequest, StartExecOptions, StartedExec } from "./execs.ts";
import { planExec } from "./plan-exec.ts";

export interface ExecState {
  record: ExecRecord;
  /** Start time of the container's run in which the exec was created. */
  containerStartedAt: string;
  /** Connection to the exec's monitor; absent unless the program runs. */
  monitor: Pick<Monitor, "resize" | "signal"> | undefined;
  /** Monotonic time of the exit in milliseconds; undefined before. */
  endedAt: number | undefined;
}

/** Starts the program of an exec in a running container, and stores its exit status later. */
export async function startExec(
  services: ContainerServices,
  state: ExecState,
  container: ContainerRecord,
  { detach, framing }: StartExecOptions,
): Promise<StartedExec> {
  const { record } = state;
  const attributes = { execID: record.id };
  const plan = planExec(container, record.request, linkEnvironment(services, container));
  // The exec may have other privileges than the container.
  services.runtime(container.id).isolated = false;
  services.notify(`exec_start: ${record.request.Cmd.join(" ")}`, container, attributes);
  const { monitor, streams } = await services.zygote.exec(plan, {
    attachments: detach ? [] : attachmentsOf(record.request, framing),
    cgroup: () => openContainerCgroup(container),
  });
  const handleExit = (exitCode: number) => {
    Object.assign(record, { running: false, exitCode });
    state.endedAt = performance.now();
    state.monitor = undefined;
    monitor[Symbol.dispose]();
    services.notify("exec_die", container, { ...attributes, exitCode: String(exitCode) });
    services.prepareNext();
  };
  try {
    record.pid = (await monitor.started).pid;
  } catch (error) {
    for (const stream of streams) stream.destroy();
    handleExit(programFailureCode(error) ?? 126);
    if (!foundNoProcess(error)) throw explainProgramFailure(error, await platformOf(services, container));
    throw new TboxError("conflict", `container ${container.id} is not running`, { cause: error });
  }
  record.running = true;
  state.monitor = monitor;
  const stopWatching = killWithContainer(services, container, state);
  const ended = monitor.exited
    .then(
      ({ code }) => handleExit(code),
      () => handleExit(255),
    )
    .finally(stopWatching);
  return { stream: streams[0], ended };
}

/** Returns the platform of a container's image; nothing for a container without an image. */
async function platformOf({ images }: ContainerServices, { imageId }: ContainerRecord) {
  const image = imageId === undefined ? undefined : await images.resolve(imageId).catch(() => undefined);
  return image?.config;
}

/**
 * Kills the program at the exit of its container. The kernel does this itself, except where the container shares the
 * PID namespace of the host or of another container. Disposing of the result unregisters the callback.
 */
function killWithContainer(
  services: ContainerServices,
  { id, hostConfig }: ContainerRecord,
  state: ExecState,
): () => void {
  const { exitListeners } = services.runtime(id);
  const kill = () => state.monitor?.signal(sigkill);
  if (hostConfig.PidMode) exitListeners.add(kill);
  return () => exitListeners.delete(kill);
}

function attachmentsOf(
  { AttachStdin = false, AttachStdout = false, AttachStderr = false }: ExecRequest,
  framing: Attachment["framing"],
): Attachment[] {
  if (!AttachStdin && !AttachStdout && !AttachStderr) return [];
  return [{ stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr, framing }];
}
