import type { LayoutIndex } from "./content-store.ts";
import { replaceFile } from "./durable-file.ts";

/** Writes the files that make a directory an OCI image layout, unless they exist. */
export async function createLayout(root: string): Promise<void> {
  if (await Bun.file(`${root}/oci-layout`).exists()) return;
  await replaceFile(root, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await replaceFile(root, "index.json", JSON.stringify({ schemaVersion: 2, manifests: [] }));
}

export function openLayoutIndex(root: string): LayoutIndex {
  return {
    async writeIndex(entries) {
      const manifests = entries.map(({ name, mediaType, digest, size }) => ({
        mediaType,
        digest,
        size,
        annotations: { "org.opencontainers.image.ref.name": name },
      }));
      const text = JSON.stringify({ schemaVersion: 2, manifests });
      // An unnecessary sync would slow down every daemon start.
      if ((await Bun.file(`${root}/index.json`).text()) === text) return;
      await replaceFile(root, "index.json", text);
    },
  };
}
