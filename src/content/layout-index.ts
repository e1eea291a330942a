import type { LayoutIndex } from "./content-store.ts";
import { replaceFile } from "./durable-file.ts";

const layout = JSON.stringify({ imageLayoutVersion: "1.0.0" });

/** Writes the files that make a directory an OCI image layout, unless they exist. A damaged `oci-layout` is replaced. */
export async function createLayout(root: string): Promise<void> {
  if ((await textOf(`${root}/oci-layout`)) !== layout) await replaceFile(root, "oci-layout", layout);
  if (await Bun.file(`${root}/index.json`).exists()) return;
  await replaceFile(root, "index.json", JSON.stringify({ schemaVersion: 2, manifests: [] }));
}

/** Returns the text of a file; undefined if it cannot be read. */
function textOf(path: string): Promise<string | undefined> {
  return Bun.file(path)
    .text()
    .catch(() => undefined);
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
      if ((await textOf(`${root}/index.json`)) === text) return;
      await replaceFile(root, "index.json", text);
    },
  };
}
