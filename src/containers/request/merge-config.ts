import type { ImageConfig } from "#oci/config.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ContainerConfig } from "../state/container-record.ts";
import type { CreateRequest, Healthcheck } from "./create-request.ts";
import { mergeEnvironment } from "./environment.ts";

export interface MergedConfig {
  config: ContainerConfig;
  path: string;
  args: string[];
}

/** The request over the image's configuration, as Docker merges them. */
export function mergeConfig(request: CreateRequest, image: ImageConfig["config"]): MergedConfig {
  const { HostConfig: _, Networks: __, ...asked } = request;
  // A single empty word takes the image's entrypoint away.
  const reset = asked.Entrypoint?.length === 1 && asked.Entrypoint[0] === "";
  const ownEntrypoint = reset ? [] : (asked.Entrypoint ?? []);
  const entrypoint = ownEntrypoint.length > 0 || reset ? ownEntrypoint : (image?.Entrypoint ?? []);
  const ownCommand = asked.Cmd ?? [];
  const keepsImageCommand = ownCommand.length === 0 && asked.Entrypoint === undefined;
  const command = keepsImageCommand ? (image?.Cmd ?? []) : ownCommand;
  const [path, ...args] = [...entrypoint, ...command];
  if (path === undefined || path === "") throw invalidArgument("no command specified");
  const workingDirectory = asked.WorkingDir || image?.WorkingDir || "";
  const config: MergedConfig["config"] = {
    ...asked,
    Env: mergeEnvironment({ image: image?.Env ?? [], request: asked.Env ?? [] }),
    Cmd: command,
    ...(entrypoint.length > 0 ? { Entrypoint: entrypoint } : {}),
    ...mergeHealthcheck(asked.Healthcheck, image?.Healthcheck),
    ...(asked.Shell || image?.Shell ? { Shell: asked.Shell ?? image?.Shell ?? [] } : {}),
    User: asked.User || image?.User || "",
    WorkingDir: workingDirectory,
    Labels: { ...image?.Labels, ...asked.Labels },
    ...(asked.StopSignal || image?.StopSignal
      ? { StopSignal: asked.StopSignal || image?.StopSignal || "" }
      : {}),
    ...(image?.ExposedPorts || asked.ExposedPorts
      ? { ExposedPorts: { ...image?.ExposedPorts, ...asked.ExposedPorts } }
      : {}),
  };
  if (reset) delete config.Entrypoint;
  if (workingDirectory !== "" && !workingDirectory.startsWith("/")) {
    const message = `the working directory '${workingDirectory}' is invalid, it needs to be an absolute path`;
    throw invalidArgument(message);
  }
  return { config, path, args };
}

/** What the request leaves open of a check is the image's. */
function mergeHealthcheck(
  asked: Healthcheck | undefined,
  image: NonNullable<ImageConfig["config"]>["Healthcheck"],
): { Healthcheck?: Healthcheck } {
  if (!asked && !image) return {};
  const set = Object.entries(asked ?? {}).filter(([, value]) => value !== 0 && value !== undefined);
  return { Healthcheck: { ...image, ...Object.fromEntries(set) } };
}
