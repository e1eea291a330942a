import type { Network } from "../network.ts";
import { type Bridge, openBridge } from "./bridge.ts";

/** The bridges of all networks that have one. The net helper creates a bridge when the first container needs it. */
export interface Bridges {
  add(network: Network): void;
  /** Returns the bridge of a network; undefined for a network without one. */
  get(network: string): Bridge | undefined;
  /** Registers a use of a bridge. Calls `create` for the first one, and again for the next one when that fails. */
  use(network: string, create?: () => Promise<void>): void;
  /** Resolves when the bridge is created; rejects with the reason why it cannot be. */
  created(network: string): Promise<void> | undefined;
  /** Returns the bridges that were used. */
  used(): Bridge[];
  delete(network: string): void;
}

export function openBridges(networks: Network[]): Bridges {
  const known = new Map(networks.map((network) => [network.id, network]));
  const opened = new Map<string, Bridge | undefined>();
  const used = new Set<string>();
  const creations = new Map<string, Promise<void>>();
  // A store can have a thousand networks, and only those with containers need their allocators.
  const get = (id: string) => {
    const network = known.get(id);
    if (network && !opened.has(id)) opened.set(id, openBridge(network));
    return opened.get(id);
  };
  return {
    add: (network) => void known.set(network.id, network),
    get,
    use(network, create = async () => {}) {
      if (used.has(network)) return;
      used.add(network);
      const creation = create();
      creations.set(network, creation);
      creation
        .catch(() => used.delete(network))
        .finally(() => {
          if (creations.get(network) === creation) creations.delete(network);
        });
    },
    created: (network) => creations.get(network),
    used: () => [...used].flatMap((network) => get(network) ?? []),
    delete(network) {
      known.delete(network);
      opened.delete(network);
      used.delete(network);
    },
  };
}
