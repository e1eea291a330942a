import type { CreateRequest } from "../request/create-request.ts";
import type { ContainerServices } from "../services.ts";
import { type CreateOptions, createContainer } from "./create.ts";
import { killContainer } from "./kill.ts";
import { pauseContainer, unpauseContainer } from "./pause.ts";
import { removeContainer } from "./remove.ts";
import { renameContainer } from "./rename.ts";
import { restartContainer } from "./restart.ts";
import { type StartOptions, startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";
import { type ContainerChanges, updateContainer } from "./update.ts";
import { type ExitStatus, type WaitCondition, waitContainer } from "./wait.ts";

/**
 * Operations that change the state of a container. They accept a name (with or without the leading slash), an ID or a
 * unique prefix of an ID, and throw not-found with Docker's text `No such container: NAME`. Starts, pauses,
 * renames and removals of one container run one at a time; `stop`, `kill` and `update` take effect at once.
 */
export interface ContainerLifecycle {
  /** Creates a container, or throws and leaves nothing behind. */
  create(
    request: CreateRequest,
    options: Pick<CreateOptions, "name" | "platform">,
  ): Promise<{ id: string; warnings: string[] }>;
  /** Starts a container. Streams attached before the start miss no byte; a failed start ends them and throws. */
  start(name: string, options?: Pick<StartOptions, "attended">): Promise<"started" | "already-started">;
  /** Stops the container if it runs, then starts it. */
  restart(name: string, options: StopOptions): Promise<void>;
  /** Sends the stop signal, then SIGKILL after the timeout. Resolves after the exit. */
  stop(name: string, options: StopOptions): Promise<"stopped" | "already-stopped">;
  /** Sends a signal, SIGKILL by default. Throws conflict unless the container runs. */
  kill(name: string, options: { signal?: string }): Promise<void>;
  /** Freezes all processes. Throws conflict for a container without a cgroup. */
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Waits for an exit or removal. A start after the call is never missed, even before the promise is awaited. */
  wait(name: string, condition: WaitCondition, signal: AbortSignal): Promise<ExitStatus>;
  rename(name: string, wanted: string): Promise<void>;
  /**
   * Changes all of the given limits and the restart policy, or none of them. A running container is changed at once.
   */
  update(name: string, changes: ContainerChanges): { warnings: string[] };
  /** Removes a container; `force` kills a running one, `volumes` removes its anonymous volumes. */
  remove(name: string, options: { force: boolean; volumes: boolean }): Promise<void>;
}

export interface StopOptions {
  /** Seconds before SIGKILL. The default is the container's own timeout; a negative one waits for ever. */
  timeout?: number;
  signal?: string;
}

export function containerLifecycle(services: ContainerServices): ContainerLifecycle {
  return {
    create: (request, options) => createContainer(services, request, options),
    start: (name, options) => startContainer(services, name, options),
    restart: (name, options) => restartContainer(services, name, options),
    stop: (name, options) => stopContainer(services, name, options),
    kill: (name, options) => killContainer(services, name, options),
    pause: (name) => pauseContainer(services, name),
    unpause: (name) => unpauseContainer(services, name),
    wait: (name, condition, signal) => waitContainer(services, name, condition, signal),
    rename: (name, wanted) => renameContainer(services, name, wanted),
    update: (name, changes) => updateContainer(services, name, changes),
    remove: (name, options) => removeContainer(services, name, options),
  };
}
