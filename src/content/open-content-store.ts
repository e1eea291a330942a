import { mkdir } from "node:fs/promises";
import { openBlobMaintenance } from "./blob-maintenance.ts";
import { openBlobReader } from "./blob-reader.ts";
import { openBlobWriter } from "./blob-writer.ts";
import type { ContentStore } from "./content-store.ts";
import { createLayout, openLayoutIndex } from "./layout-index.ts";
import { layoutPaths } from "./layout-paths.ts";

/** Opens the layout at `root` and creates its missing files. */
export async function openDiskContentStore(root: string): Promise<ContentStore> {
  const paths = layoutPaths(root);
  for (const path of [paths.blobs("sha256"), paths.blobs("sha512"), paths.partials]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  await createLayout(root);
  const reader = openBlobReader(paths);
  return {
    ...reader,
    ...openBlobWriter(paths, reader),
    ...openBlobMaintenance(paths),
    ...openLayoutIndex(root),
  };
}
