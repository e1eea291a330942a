import { posix } from "node:path";
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
  const { entrypoint, command } = mergeCommand(requested, image);
  const [path, ...args] = [...entrypoint, ...(command ?? [])];
  if (path === undefined) throw invalidArgument("no command specified");
  const workingDirectory = cleanPath(requested.WorkingDir || image?.WorkingDir || "");
  const config: MergedConfig["config"] = {
    ...requested,
    Env: mergeEnvironment({ image: image?.Env ?? [], request: requested.Env ?? [] }),
    ...(command === undefined ? {} : { Cmd: command }),
    ...(entrypoint.length > 0 ? { Entrypoint: entrypoint } : {}),
    ...mergeHealthcheck(requested.Healthcheck, image?.Healthcheck),
    ...(requested.Shell || image?.Shell ? { Shell: requested.Shell ?? image?.Shell ?? [] } : {}),
    User: requested.User || image?.User || "",
    WorkingDir: workingDirectory,
    ...(image?.Volumes || requested.Volumes ? { Volumes: { ...image?.Volumes, ...requested.Volumes } } : {}),
    Labels: { ...image?.Labels, ...requested.Labels },
    ...(requested.StopSignal || image?.StopSignal
      ? { StopSignal: requested.StopSignal || image?.StopSignal || "" }
      : {}),
    ...(image?.ExposedPorts || requested.ExposedPorts
      ? { ExposedPorts: { ...image?.ExposedPorts, ...requested.ExposedPorts } }
      : {}),
  };
  // An empty list of the request is shown as such.
  if (entrypoint.length === 0 && requested.Entrypoint?.length !== 0) delete config.Entrypoint;
  if (workingDirectory !== "" && !workingDirectory.startsWith("/")) {
    const message = `the working directory '${workingDirectory}' is invalid, it needs to be an absolute path`;
    throw invalidArgument(message);
  }
  return { config, path, args };
}

/**
 * Merges entrypoint and command. A request without an entrypoint gets the image's entrypoint, and then the image's command
 * if it has none of its own. A single empty word removes both; an empty list removes the entrypoint only.
 */
function mergeCommand(
  { Entrypoint: requested, Cmd }: Pick<CreateRequest, "Entrypoint" | "Cmd">,
  image: ImageConfig["config"],
): { entrypoint: string[]; command: string[] | undefined } {
  const command = Cmd && Cmd.length > 0 ? Cmd : undefined;
  const imageCommand = image?.Cmd ?? undefined;
  if (requested === undefined)
    return { entrypoint: image?.Entrypoint ?? [], command: command ?? imageCommand };
  if (requested.length === 0) return { entrypoint: [], command: command ?? imageCommand };
  const reset = requested.length === 1 && requested[0] === "";
  return { entrypoint: reset ? [] : requested, command };
}

/** Returns an absolute path without a final slash, `.` and `..`; returns other paths unchanged. */
function cleanPath(path: string): string {
  return path.startsWith("/") ? posix.resolve(path) : path;
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
