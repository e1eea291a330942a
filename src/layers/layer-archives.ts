import { closeSync } from "node:fs";
import { open } from "node:fs/promises";
import { openStream } from "#native/addon/stream.ts";
import type { Packed } from "#native/protocol/work.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { type DiffId, parseDigest } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";
import type { LayerRecords } from "./layer-records.ts";
import type { LayerArchives, PackedArchive, PackOptions } from "./layers.ts";

/** Makes archives in worker processes inside the user namespace. */
export function openLayerArchives(zygote: Zygote, records: LayerRecords): LayerArchives {
  const packAny = (diffId: DiffId, source: number, { compression, ...options }: PackOptions) => {
    const request = { operation: "pack" as const, diffId, ...(compression ? { compression } : {}) };
    return zygote.work(request, { source, ...options });
  };

  async function pack(diffId: DiffId, descriptor: number, options: PackOptions = {}): Promise<PackedArchive> {
    const packed = await packAny(diffId, descriptor, options);
    if (packed.diffId === diffId) return shorten(packed);
    const reason = `its files make an archive with the diffID ${packed.diffId}: they were changed on disk`;
    throw new TboxError("internal", `layer ${diffId}: ${reason}`);
  }

  async function packNowhere(diffId: DiffId, options: PackOptions): Promise<Packed> {
    await using nowhere = await open("/dev/null", "w");
    return await packAny(diffId, nowhere.fd, options);
  }

  return {
    archiveSize: records.archiveSize,
    async confirmArchive(diffId, options = {}) {
      if (records.archiveSize(diffId) !== undefined) return true;
      const packed = await packNowhere(diffId, options);
      if (packed.diffId !== diffId) return false;
      records.setArchiveSize(diffId, packed.archiveSize);
      return true;
    },
    isIntact: async (diffId, options = {}) => (await packNowhere(diffId, options)).diffId === diffId,
    pack,
    read(diffId, signal) {
      const { stream, peer } = openStream();
      pack(diffId, peer, { signal })
        .finally(() => closeSync(peer))
        .catch((error) => stream.destroy(error));
      return stream;
    },
    async compress(archive, descriptor, { compression, ...options }) {
      const request = { operation: "compress" as const, compression };
      return shorten(await zygote.work(request, { source: archive, output: descriptor, ...options }));
    },
  };
}

function shorten({ digest, size }: Packed): PackedArchive {
  return { digest: parseDigest(digest), size };
}
