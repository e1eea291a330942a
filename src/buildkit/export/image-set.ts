import type { ExportedImage, ImageSet } from "#images/export/image-exports.ts";
import { parseDigest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import { invalidArgument } from "#support/errors.ts";
import { annotationsFor } from "../frontend/annotations.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { ResultImage } from "../frontend/reference.ts";
import type { Exporter, ImageOutput } from "./exporters.ts";
import { provenanceOf } from "./provenance.ts";

/** The result of a build. */
export interface ExportSource {
  images: ResultImage[];
  /** Whether the client asked for a list of platforms. */
  several: boolean;
  /** Reference of the build. */
  invocation: string;
}

/** An output and its number among the outputs of the build. */
export interface NumberedExporter<Kind extends Exporter["type"]> {
  exporter: Extract<Exporter, { type: Kind }>;
  index: number;
}

/** Returns the images of a result in the form of an output. `inline` adds the provenance that is meant for images only. */
export async function imageSetOf(
  scope: BuildScope,
  { images, several, invocation }: ExportSource,
  { output, inline }: { output: ImageOutput; inline: boolean },
): Promise<ImageSet> {
  const { annotations, names, compression, types } = output;
  const onlyIndex = annotations.find(({ place }) => place === "index" || place === "index-descriptor");
  const exported = await Promise.all(
    images.map(async (image): Promise<ExportedImage> => {
      const platform = several ? image.platform : await platformOf(scope, image.id);
      return {
        id: parseDigest(image.id),
        platform,
        attestations: attestationsOf(scope, image.id, { inline, invocation }),
        annotations: annotationsFor(annotations, "manifest", platform),
        descriptorAnnotations: annotationsFor(annotations, "manifest-descriptor", platform),
      };
    }),
  );
  if (onlyIndex && !several && exported.every(({ attestations }) => attestations.length === 0)) {
    throw invalidArgument(`annotation ${onlyIndex.key}: the image has one platform and no index`);
  }
  const index = annotationsFor(annotations, "index");
  return { images: exported, names, index: several, annotations: index, compression, types };
}

/** Returns the attestations of an image that an output has. */
export function attestationsOf(
  { results }: BuildScope,
  id: string,
  { inline, invocation }: { inline: boolean; invocation: string },
) {
  const result = results.get(id);
  const settings = result?.provenance;
  if (!result || !settings || (settings.inlineOnly && !inline)) return [];
  return [provenanceOf({ ...result, settings, invocation })];
}

async function platformOf({ services }: BuildScope, id: string): Promise<Platform> {
  const { config } = await services.images.resolve(id);
  const { os, architecture, variant } = config;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
