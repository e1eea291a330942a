import { z } from "zod";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { descriptorSchema } from "./descriptor.ts";
import { isIndexType, isLayerType, isManifestType, mediaTypes } from "./media-types.ts";
import { parseStrictJson } from "./strict-json.ts";

/** Longest manifest, index or configuration that is read, in bytes. */
export const documentLimit = 4 * 1024 * 1024;

/** Some tools leave the version out or write 0; any other must be 2. */
const schemaVersion = z
  .literal([0, 2])
  .optional()
  .transform((): 2 => 2);

const manifestSchema = z.looseObject({
  schemaVersion,
  config: descriptorSchema,
  layers: z
    .array(descriptorSchema)
    .nullish()
    .transform((layers) => layers ?? []),
});

const indexEntrySchema = descriptorSchema.extend({
  platform: z
    .object({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
    .nullish()
    .transform((platform) => platform ?? undefined),
  annotations: z
    .record(z.string(), z.string())
    .nullish()
    .transform((found) => found ?? undefined),
});

const indexSchema = z.looseObject({
  schemaVersion,
  manifests: z.array(indexEntrySchema),
});

/** OCI image-spec, manifest.md. */
export type Manifest = z.infer<typeof manifestSchema>;

/** OCI image-spec, image-index.md. */
export type ImageIndex = z.infer<typeof indexSchema>;
export type IndexEntry = z.infer<typeof indexEntrySchema>;

export type ManifestDocument =
  | { kind: "manifest"; mediaType: string; manifest: Manifest }
  | { kind: "index"; mediaType: string; index: ImageIndex };

/**
 * Parses a manifest or an index. Refuses a document whose media type differs from `deliveredAs`, and a document that is
 * both an index and a manifest.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  const deliveredAs = contentType?.toLowerCase();
  const value = parseStrictJson(bytes, "manifest");
  if (typeof value !== "object" || value === null) throw refuse("is not an object");
  const fields = value as Record<string, unknown>;
  if (fields.schemaVersion === 1)
    throw refuse("is of schema 1: schema 1 is not supported, push the image again");
  const inside = typeof fields.mediaType === "string" ? fields.mediaType.toLowerCase() : undefined;
  const isIndex = "manifests" in fields;
  if (isIndex && ("layers" in fields || "config" in fields)) throw refuse("is both an index and a manifest");
  if (inside !== undefined && deliveredAs !== undefined && inside !== deliveredAs) {
    throw refuse(`says it is ${inside} but was delivered as ${deliveredAs}`);
  }
  const mediaType = inside ?? deliveredAs ?? (isIndex ? mediaTypes.index : mediaTypes.manifest);
  if (isIndexType(mediaType) && isIndex) {
    return { kind: "index", mediaType, index: read(indexSchema, value) };
  }
  if (isManifestType(mediaType) && !isIndex) {
    const manifest = read(manifestSchema, value);
    const foreign = manifest.layers.find((layer) => !isLayerType(layer.mediaType));
    if (manifest.config.size > documentLimit)
      throw refuse(`has a configuration of over ${documentLimit} bytes`);
    if (foreign) throw refuse(`has a layer of the unknown type ${foreign.mediaType}`);
    return { kind: "manifest", mediaType, manifest };
  }
  throw refuse(`has the unsupported type ${mediaType}`);
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw refuse(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function refuse(reason: string): TboxError {
  return invalidArgument(`manifest ${reason}`);
}
