import { z } from "zod";
import { invalidArgument } from "#support/errors.ts";

const listedSchema = z.object({
  Config: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Layers: z
    .array(z.string())
    .nullish()
    .transform((layers) => layers ?? []),
});
/** An archive without Docker images can contain `null` instead of a list. */
const listSchema = z
  .array(listedSchema)
  .nullable()
  .transform((list) => list ?? []);
const layoutSchema = z.object({
  manifests: z.array(
    z.object({
      mediaType: z.string().optional(),
      digest: z.string(),
      annotations: z.record(z.string(), z.string()).nullish(),
    }),
  ),
});

/** Images of a docker-archive with their paths in the archive. */
export type ArchiveList = z.infer<typeof listedSchema>[];

/** Entries of an OCI layout. Their blobs may be missing from the archive. */
export type LayoutList = z.infer<typeof layoutSchema>;

/** Parses `manifest.json` of a docker-archive (moby image specification 1.2). */
export function parseArchiveList(bytes: Uint8Array): ArchiveList {
  return parse(bytes, listSchema, "manifest.json");
}

/** Parses `index.json` of an OCI layout (OCI image-spec, image-layout.md). */
export function parseLayoutList(bytes: Uint8Array): LayoutList {
  return parse(bytes, layoutSchema, "index.json");
}

function parse<T>(bytes: Uint8Array, schema: z.ZodType<T>, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalidArgument(`${name} is not JSON`, cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidArgument(`${name}: ${result.error.issues[0]?.message ?? "invalid"}`);
}
