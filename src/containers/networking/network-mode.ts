import type { EndpointSettings } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import type { ContainerRecord } from "../state/record.ts";

/** Whose network a container is in: `container` is that of another container, by its name or ID. */
export type NetworkMode =
  | { kind: "own"; network: string }
  | { kind: "host" }
  | { kind: "none" }
  | { kind: "container"; container: string };

export function networkMode(mode: string | undefined): NetworkMode {
  if (mode === undefined || mode === "" || mode === "default")
    return { kind: "own", network: defaultNetwork };
  if (mode === "host" || mode === "none") return { kind: mode };
  const [, container] = /^container:(.*)$/.exec(mode) ?? [];
  return container === undefined ? { kind: "own", network: mode } : { kind: "container", container };
}

/** Whether a container is connected to networks by interfaces of its own. */
export function isBridged(mode: string | undefined): boolean {
  return networkMode(mode).kind === "own";
}

/** The networks that a container is on, or will be when it runs, with what is asked of each. */
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
