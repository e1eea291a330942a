import type { Layers } from "#layers/layers.ts";
import type { DiffId } from "#oci/digest.ts";

/** Returns layers that unpack nothing and record the requested diffIDs; `adopted` is the diffID of every archive. */
export function fakeLayers(unpacked: Set<DiffId>, adopted: DiffId): Layers {
  return {
    has: (one) => unpacked.has(one),
    size: (one) => (unpacked.has(one) ? 4 : 0),
    ensure: async (one) => {
      unpacked.add(one);
    },
    match: async (one) => {
      unpacked.add(one);
    },
    adopt: async () => {
      unpacked.add(adopted);
      return adopted;
    },
    commitUpper: async () => undefined,
    sync: async () => {},
    verify: async (one) => unpacked.has(one),
    remove: async (diffIds) => {
      for (const one of diffIds) unpacked.delete(one);
    },
    list: () => [...unpacked],
    diskUsage: async () => new Map([...unpacked].map((one) => [one, 4096])),
    sweep: async () => {},
  };
}
