import type { Network } from "../network.ts";
import { type Bridge, openBridge } from "./bridge.ts";

/** The bridges of all networks that have one. */
export interface Bridges {
  /** Opens the bridge of a network; returns undefined for a network without one. */
  open(network: Network): Bridge | undefined;
  get(network: string): Bridge | undefined;
  all(): Iterable<Bridge>;
  delete(network: string): void;
}

export function openBridges(networks: Network[]): Bridges {
  const byNetwork = new Map<string, Bridge>();
  const open = (network: Network) => {
    const bridge = openBridge(network);
    if (bridge) byNetwork.set(network.id, bridge);
    return bridge;
  };
  for (const network of networks) open(network);
  return {
    open,
    get: (network) => byNetwork.get(network),
    all: () => byNetwork.values(),
    delete: (network) => byNetwork.delete(network),
  };
}
