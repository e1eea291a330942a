import type { Network } from "../network.ts";
import { type Bridge, openBridge } from "./bridge.ts";

/** The bridges of all networks that have one. The net helper creates a bridge when the first container needs it. */
export interface Bridges {
  add(network: Network): void;
  /** Returns the bridge of a network; undefined for a network without one. */
  get(network: string): Bridge | undefined;
  /** Registers a use of a bridge. Returns whether it is the first one, for which the net helper must create the bridge. */
  use(network: string): boolean;
  /** Forgets the uses of a bridge that could not be created, so that the next use creates it. */
  takeBack(network: string): void;
  /** Returns the bridges that were used. */
  used(): Bridge[];
  delete(network: string): void;
}

export function openBridges(networks: Network[]): Bridges {
  const known = new Map(networks.map((network) => [network.id, network]));
  const opened = new Map<string, Bridge | undefined>();
  const used = new Set<string>();
  // A store can have a thousand networks, and only those with containers need their allocators.
  const get = (id: string) => {
    const network = known.get(id);
    if (network && !opened.has(id)) opened.set(id, openBridge(network));
    return opened.get(id);
  };
  return {
    add: (network) => void known.set(network.id, network),
    get,
    use(network) {
      const isFirst = !used.has(network);
      used.add(network);
      return isFirst;
    },
    takeBack: (network) => void used.delete(network),
    used: () => [...used].flatMap((network) => get(network) ?? []),
    delete(network) {
      known.delete(network);
      opened.delete(network);
      used.delete(network);
    },
  };
}
