import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { ImageConfig } from "#oci/config.ts";
import { type Digest, digestOf, parseDiffId } from "#oci/digest.ts";
import type { Manifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { hostPlatform } from "#oci/platform.ts";
import { canonicalName, parseReference, withDefaultTag } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { recordOf, unpackLayer } from "./store-image.ts";

/** The name under which the built-in image is found when nobody's own image has it. */
const embeddedName = "docker.io/library/hello:latest";

/** The built-in image: one layer with one program. */
export interface EmbeddedImage {
  /** Its ID once it was made by this daemon. */
  id(): Digest | undefined;
  /** Puts it into the store under its name. */
  make(signal: AbortSignal): Promise<void>;
}

export function isEmbeddedName(name: string): boolean {
  try {
    return canonicalName(withDefaultTag(parseReference(name))) === embeddedName;
  } catch {
    return false;
  }
}

export function openEmbeddedImage(services: ImageServices): EmbeddedImage {
  let id: Digest | undefined;
  let making: Promise<void> | undefined;

  async function make(signal: AbortSignal): Promise<void> {
    const { content, records } = services;
    const layer = await layerOf(services.helloProgram);
    const diffId = parseDiffId(digestOf(layer));
    const config = configOf(diffId);
    const blob = await content.put(layer);
    const configBlob = await content.put(encode(config));
    const manifest: Manifest = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.config, ...configBlob },
      layers: [{ mediaType: mediaTypes.layer, ...blob }],
    };
    const manifestBlob = await content.put(encode({ mediaType: mediaTypes.manifest, ...manifest }));
    const target = { mediaType: mediaTypes.manifest, ...manifestBlob };
    await unpackLayer(services, blob.digest, diffId, { signal });
    records.add(recordOf({ target, manifestDescriptor: target, manifest }, config), { tag: embeddedName });
    await services.changed();
    id = configBlob.digest;
  }

  return {
    id: () => id,
    make: (signal) => {
      making ??= services
        .withLease(() => make(signal))
        .finally(() => {
          making = undefined;
        });
      return making;
    },
  };
}

function configOf(diffId: string): ImageConfig {
  const { os, architecture } = hostPlatform();
  return {
    os,
    architecture,
    config: { Cmd: ["/hello"], Env: ["PATH=/"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created_by: "tbox" }],
  } as ImageConfig;
}

/** The same bytes for the same program, so that the image has one ID. */
async function layerOf(program: string): Promise<Uint8Array> {
  const archive = pack();
  const bytes = Buffer.from(await Bun.file(program).bytes());
  archive.entry({ name: "hello", mode: 0o755, mtime: new Date(0) }, bytes);
  archive.finalize();
  return buffer(archive);
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
