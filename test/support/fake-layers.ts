import { readFileSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Layers } from "#layers/layers.ts";
import { type DiffId, digestOf } from "#oci/digest.ts";

/** Returns layers that unpack nothing and record the requested diffIDs; `adopted` is the diffID of every archive. */
export function fakeLayers(unpacked: Set<DiffId>, adopted: DiffId): Layers {
  let revision = 0;
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
    adoptFrom: async () => {
      unpacked.add(adopted);
      return adopted;
    },
    archiveSize: () => undefined,
    confirmArchive: async () => false,
    isIntact: async () => false,
    pack: () => Promise.reject(new Error("no layer makes its archive")),
    compress: async (archive, descriptor) => {
      const bytes = gzipSync(readFileSync(archive));
      writeSync(descriptor, bytes);
      return { digest: digestOf(bytes), size: bytes.length };
    },
    read: () => new Blob().stream(),
    commitUpper: async () => undefined,
    sync: async () => {},
    verify: async (one) => unpacked.has(one),
    remove: async (diffIds) => {
      for (const one of diffIds) unpacked.delete(one);
    },
    list: () => [...unpacked],
    // The layers change in several ways; a new number each time makes every answer new.
    revision: () => ++revision,
    checkSizes: async () => [],
    diskUsage: async () => new Map([...unpacked].map((one) => [one, 4096])),
    sweep: async () => {},
  };
}
