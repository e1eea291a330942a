import type { CreateRequest } from "../request/create-request.ts";
import { mergeEnvironment } from "../request/environment.ts";
import type { ContainerConfig } from "../state/container-record.ts";

/** Settings of a commit request. */
export type CommitSettings = Omit<CreateRequest, "HostConfig">;

/**
 * Completes the settings of a commit request with those of the container, with Docker's rules: variables, labels, ports
 * and volumes are merged, and a command belongs to its entrypoint.
 */
export function mergeCommitConfig(requested: CommitSettings, container: ContainerConfig): CommitSettings {
  const ownEntrypoint = (requested.Entrypoint ?? []).length > 0;
  return {
    ...container,
    ...requested,
    Env: mergeEnvironment({ image: container.Env ?? [], request: requested.Env ?? [] }),
    ...merged("Labels", requested, container),
    ...merged("ExposedPorts", requested, container),
    ...merged("Volumes", requested, container),
    ...merged("Healthcheck", requested, container),
    ...(ownEntrypoint ? { Cmd: requested.Cmd ?? [] } : {}),
  };
}

/** Returns the merged entries of a setting, or nothing if neither side has the setting. */
function merged(
  name: "Labels" | "ExposedPorts" | "Volumes" | "Healthcheck",
  requested: CommitSettings,
  container: ContainerConfig,
): CommitSettings {
  if (requested[name] === undefined && container[name] === undefined) return {};
  return { [name]: { ...container[name], ...requested[name] } };
}
