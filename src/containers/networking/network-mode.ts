import type { EndpointSettings } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/** Owner of the network namespace of a container; `container` is a name or an ID. */
export type NetworkMode =
  | { kind: "own"; network: string }
  | { kind: "host" }
  | { kind: "none" }
  | { kind: "container"; container: string };

/** Parses `HostConfig.NetworkMode`. */
export function networkMode(mode: string | undefined): NetworkMode {
  if (mode === undefined || mode === "" || mode === "default")
    return { kind: "own", network: defaultNetwork };
  if (mode === "host" || mode === "none") return { kind: mode };
  const [, container] = /^container:(.*)$/.exec(mode) ?? [];
  return container === undefined ? { kind: "own", network: mode } : { kind: "container", container };
}

/** Returns whether a container has its own interfaces on networks. */
export function isBridged(mode: string | undefined): boolean {
  return networkMode(mode).kind === "own";
}

/** Returns a container's settings for each of its networks: those that it is on, or will be on when it runs. */
export function networksOf({
  hostConfig,
  networks,
}: Pick<ContainerRecord, "hostConfig" | "networks">): Record<string, EndpointSettings> {
  if (networks) return networks;
  const mode = networkMode(hostConfig.NetworkMode);
  switch (mode.kind) {
    case "own":
      return { [mode.network]: {} };
    case "container":
      return {};
    default:
      return { [mode.kind]: {} };
  }
}
