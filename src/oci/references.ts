import { z } from "zod";
import { invalidArgument } from "#support/errors.ts";
import { type Descriptor, descriptorSchema } from "./descriptor.ts";
import { parseStrictJson } from "./strict-json.ts";

const list = z
  .array(descriptorSchema)
  .nullish()
  .transform((found) => found ?? []);

const documentSchema = z.looseObject({
  config: descriptorSchema.nullish(),
  layers: list,
  blobs: list,
  manifests: list,
});

/** Blobs and manifests that a manifest or an index refers to. */
export interface References {
  blobs: Descriptor[];
  manifests: Descriptor[];
}

/** Parses the references of any document, including attestations and artifacts. */
export function parseReferences(bytes: Uint8Array): References {
  const result = documentSchema.safeParse(parseStrictJson(bytes, "manifest"));
  if (!result.success) {
    const issue = result.error.issues[0];
    const reason = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`;
    throw invalidArgument(`manifest ${reason}`);
  }
  const { config, layers, blobs, manifests } = result.data;
  return { blobs: [...(config ? [config] : []), ...layers, ...blobs], manifests };
}
