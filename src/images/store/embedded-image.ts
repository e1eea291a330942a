import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { ImageConfig } from "#oci/config.ts";
import { type DiffId, type Digest, digestOf, parseDiffId } from "#oci/digest.ts";
import { encodeJson } from "#oci/encode-json.ts";
import type { Manifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { hostPlatform } from "#oci/platform.ts";
import { canonicalName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { createSingleFlight } from "#support/concurrency/single-flight.ts";
import type { ImageServices } from "../services.ts";
import { recordOf, unpackLayer } from "./image-parts.ts";

const embeddedName = "docker.io/library/hello:latest";

/** The built-in image: one layer with one program. */
export interface EmbeddedImage {
  /** Canonical name. A user can give the same name to another image. */
  readonly name: string;
  /** Returns the image's ID, or undefined until this daemon has created the image. */
  id(): Digest | undefined;
  /** Creates the image in the store under its name. */
  make(signal: AbortSignal): Promise<void>;
}

export function isEmbeddedName(name: string): boolean {
  // Starts name the image by its ID.
  if (name.startsWith("sha256:")) return false;
  try {
    return canonicalName(withDefaultTag(parseReference(name))) === embeddedName;
  } catch {
    return false;
  }
}

export function openEmbeddedImage(
  services: Pick<ImageServices, "content" | "layers" | "records" | "withLease" | "writeIndex">,
  program: string,
): EmbeddedImage {
  let id: Digest | undefined;
  const share = createSingleFlight<string>();

  async function make(signal: AbortSignal): Promise<void> {
    const { content, records } = services;
    const layer = await layerOf(program);
    const diffId = parseDiffId(digestOf(layer));
    const config = configOf(diffId);
    const blob = await content.put(layer);
    const configBlob = await content.put(encodeJson(config));
    const manifest: Manifest = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.config, ...configBlob },
      layers: [{ mediaType: mediaTypes.layer, ...blob }],
    };
    const manifestBlob = await content.put(encodeJson({ mediaType: mediaTypes.manifest, ...manifest }));
    const target = { mediaType: mediaTypes.manifest, ...manifestBlob };
    await unpackLayer(services, blob.digest, diffId, { signal });
    records.add(recordOf({ target, manifestDescriptor: target, manifest }, config), { tag: embeddedName });
    await services.writeIndex();
    id = configBlob.digest;
  }

  return {
    name: embeddedName,
    id: () => id,
    make: (signal) => share(embeddedName, () => services.withLease(() => make(signal))),
  };
}

function configOf(diffId: DiffId): ImageConfig {
  const { os, architecture } = hostPlatform();
  return {
    os,
    architecture,
    config: { Cmd: ["/hello"], Env: ["PATH=/"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created_by: "tbox" }],
  };
}

/** Returns the layer's tar. Equal programs yield equal bytes, so the image ID does not change. */
async function layerOf(program: string): Promise<Uint8Array> {
  const archive = pack();
  const bytes = Buffer.from(await Bun.file(program).bytes());
  archive.entry({ name: "hello", mode: 0o755, mtime: new Date(0) }, bytes);
  archive.finalize();
  return buffer(archive);
}
