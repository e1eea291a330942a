import type { Network } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import type { ContainerRecord } from "./record.ts";

/** Whether a container is connected to a network by an interface of its own. */
export function isBridged(mode: string | undefined): boolean {
  return networkName(mode) === defaultNetwork;
}

/** The network that a container is to be on. */
export function networkName(mode: string | undefined): string {
  return mode === undefined || mode === "" || mode === "default" ? defaultNetwork : mode;
}

/** Whether a container is on a network, or will be when it runs. */
export function isOn({ hostConfig }: ContainerRecord, { name, id }: Network): boolean {
  return [name, id].includes(networkName(hostConfig.NetworkMode));
}
