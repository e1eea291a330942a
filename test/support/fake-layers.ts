import type { Layers } from "#layers/layers.ts";
import type { DiffId } from "#oci/digest.ts";

/** Unpacks nothing, and remembers what it was asked to; `adopted` is what every unknown archive is. */
export function fakeLayers(unpacked: Set<DiffId>, adopted: DiffId): Layers {
  return {
    has: (one) => unpacked.has(one),
    size: () => 4,
    ensure: async (one) => {
      unpacked.add(one);
    },
    adopt: async () => {
      unpacked.add(adopted);
      return adopted;
    },
    keep: async () => undefined,
    settle: async () => {},
    verify: async (one) => unpacked.has(one),
    remove: async (diffIds) => {
      for (const one of diffIds) unpacked.delete(one);
    },
    list: () => [...unpacked],
    diskUsage: async () => new Map([...unpacked].map((one) => [one, 4096])),
    sweep: async () => {},
  };
}
