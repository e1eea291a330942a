import type { ImageConfig } from "#oci/config.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ContainerConfig } from "../state/container-record.ts";
import type { CreateRequest, Healthcheck } from "./create-request.ts";
import { checkEnvironment, mergeEnvironment } from "./environment.ts";

export interface MergedConfig {
  config: ContainerConfig;
  path: string;
  args: string[];
}

/** Merges a request with the configuration of its image, with Docker's rules. */
export function mergeConfig(request: CreateRequest, image: ImageConfig["config"]): MergedConfig {
  const { HostConfig: _, Networks: __, ...requested } = request;
  checkEnvironment(requested.Env ?? []);
  // A single empty word removes the image's entrypoint.
  const reset = requested.Entrypoint?.length === 1 && requested.Entrypoint[0] === "";
  const requestedEntrypoint = reset ? [] : (requested.Entrypoint ?? []);
  const entrypoint =
    requestedEntrypoint.length > 0 || reset ? requestedEntrypoint : (image?.Entrypoint ?? []);
  const requestedCommand = requested.Cmd ?? [];
  const usesImageCommand = requestedCommand.length === 0 && requested.Entrypoint === undefined;
  const command = usesImageCommand ? (image?.Cmd ?? []) : requestedCommand;
  const [path, ...args] = [...entrypoint, ...command];
  if (path === undefined) throw invalidArgument("no command specified");
  const workingDirectory = requested.WorkingDir || image?.WorkingDir || "";
  const config: MergedConfig["config"] = {
    ...requested,
    Env: mergeEnvironment({ image: image?.Env ?? [], request: requested.Env ?? [] }),
    Cmd: command,
    ...(entrypoint.length > 0 ? { Entrypoint: entrypoint } : {}),
    ...mergeHealthcheck(requested.Healthcheck, image?.Healthcheck),
    ...(requested.Shell || image?.Shell ? { Shell: requested.Shell ?? image?.Shell ?? [] } : {}),
    User: requested.User || image?.User || "",
    WorkingDir: workingDirectory,
    Labels: { ...image?.Labels, ...requested.Labels },
    ...(requested.StopSignal || image?.StopSignal
      ? { StopSignal: requested.StopSignal || image?.StopSignal || "" }
      : {}),
    ...(image?.ExposedPorts || requested.ExposedPorts
      ? { ExposedPorts: { ...image?.ExposedPorts, ...requested.ExposedPorts } }
      : {}),
  };
  if (reset) delete config.Entrypoint;
  if (workingDirectory !== "" && !workingDirectory.startsWith("/")) {
    const message = `the working directory '${workingDirectory}' is invalid, it needs to be an absolute path`;
    throw invalidArgument(message);
  }
  return { config, path, args };
}

/** Completes the health check of a request with fields of the image's health check. */
function mergeHealthcheck(
  requested: Healthcheck | undefined,
  image: NonNullable<ImageConfig["config"]>["Healthcheck"],
): { Healthcheck?: Healthcheck } {
  if (!requested && !image) return {};
  const set = Object.entries(requested ?? {}).filter(([, value]) => value !== 0 && value !== undefined);
  return { Healthcheck: { ...image, ...Object.fromEntries(set) } };
}
