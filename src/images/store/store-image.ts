import type { Arrival } from "#layers/layers.ts";
import { createdAt, diffIdsOf, type ImageConfig, parseConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Manifest } from "#oci/manifest.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "./records.ts";

/** Longest manifest, index or configuration that is read, in bytes. */
export const documentLimit = 4 * 1024 * 1024;

/** The parts of an image whose manifest and configuration are in the content store. */
export interface ImageParts {
  target: Descriptor;
  manifestDescriptor: Descriptor;
  manifest: Manifest;
}

/** Reads the configuration and checks that it fits the manifest. */
export async function readConfig({ content }: ImageServices, manifest: Manifest): Promise<ImageConfig> {
  const config = parseConfig(await content.read(manifest.config.digest, documentLimit));
  const expected = config.rootfs.diff_ids.length;
  if (manifest.layers.length !== expected) {
    const message = `the manifest has ${manifest.layers.length} layers and the configuration ${expected}`;
    throw invalidArgument(message);
  }
  return config;
}

/** Unpacks one layer whose blob is in the content store, or with `arrival` on its way there. */
export async function unpackLayer(
  { content, layers }: ImageServices,
  blob: Descriptor["digest"],
  diffId: ImageRecord["diffIds"][number],
  options: { signal: AbortSignal; onProgress?: (bytes: number) => void; arrival?: Arrival },
): Promise<void> {
  const { arrival } = options;
  for (;;) {
    try {
      return await layers.ensure(
        diffId,
        async (use) => {
          if (arrival === undefined) {
            await using file = await content.open(blob);
            return await use(file.fd);
          }
          const { file, whole } = await content.openArriving(blob);
          await using _ = file;
          return await use(file.fd, whole ? undefined : arrival);
        },
        options,
      );
    } catch (error) {
      // The unpacking may have been another caller's, and that caller has gone.
      const abandoned = error instanceof TboxError && error.code === "cancelled" && !options.signal.aborted;
      if (!abandoned) throw error;
    }
  }
}

/** The record of an image all of whose parts are in place. */
export function recordOf(
  { target, manifestDescriptor, manifest }: ImageParts,
  config: ImageConfig,
): ImageRecord {
  return {
    id: manifest.config.digest,
    target: plain(target),
    manifest: plain(manifestDescriptor),
    configSize: manifest.config.size,
    layers: manifest.layers.map((layer) => layer.digest),
    config,
    diffIds: diffIdsOf(config),
    created: createdAt(config),
  };
}

function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
