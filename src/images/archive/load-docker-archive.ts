import type { Expected } from "#content/content-store.ts";
import { parseArchiveList } from "#oci/archive.ts";
import { noMatch } from "#oci/choose-manifest.ts";
import { encodeJson } from "#oci/encode-json.ts";
import { documentLimit, type Manifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { matchesPlatform } from "#oci/platform.ts";
import { readConfig } from "../store/image-parts.ts";
import { requireFile } from "./archive-contents.ts";
import { layerMediaType } from "./layer-media-type.ts";
import { addLoadedImage, type LoadRun } from "./loaded-image.ts";

/** Loads the images that `manifest.json` of a docker-archive lists. */
export async function loadDockerArchive(run: LoadRun, list: Expected): Promise<void> {
  const { services, contents, options } = run;
  const { content } = services;
  for (const entry of parseArchiveList(await content.read(list.digest, documentLimit))) {
    const config = requireFile(contents, entry.Config);
    const layers = entry.Layers.map((name) => requireFile(contents, name));
    const manifest: Manifest = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.config, ...config },
      layers: await Promise.all(
        layers.map(async (layer) => ({ mediaType: await layerMediaType(content, layer.digest), ...layer })),
      ),
    };
    const bytes = encodeJson({ mediaType: mediaTypes.manifest, ...manifest });
    const target = { mediaType: mediaTypes.manifest, ...(await content.put(bytes)) };
    const name = entry.RepoTags?.[0] ?? config.digest;
    const { os, architecture, variant } = await readConfig(services, manifest);
    if (options.platform && !matchesPlatform({ os, architecture, variant }, options.platform)) {
      throw noMatch(options.platform, name, [{ os, architecture, variant }]);
    }
    await addLoadedImage(run, { target, manifestDescriptor: target, manifest }, entry.RepoTags ?? []);
  }
}
