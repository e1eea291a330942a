import { parseDigest } from "#oci/digest.ts";
import { canonicalRepository, parseReference, withDefaultTag } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { BuiltImages } from "../frontend/built-images.ts";
import type { Exporter } from "./exporters.ts";
import { sendLocal } from "./send-local.ts";
import { sendTar } from "./send-tar.ts";

/** Exports a result; returns the entries for the answer of `Control.Solve`. */
export async function exportResult(
  scope: BuildScope,
  built: BuiltImages,
  { exporter, index, id }: { exporter: Exporter; index: number; id: string | undefined },
): Promise<Map<string, string>> {
  if (id === undefined) throw new TboxError("invalid-argument", "the build has no result to export");
  switch (exporter.type) {
    case "moby":
      return exportImage(scope, built, { exporter, id });
    case "local":
      return sendLocal(scope, { exporter, index, id });
    case "tar":
      return sendTar(scope, { index, id });
  }
}

/** Tags the image in the store. */
async function exportImage(
  { services: { images }, vertices }: BuildScope,
  built: BuiltImages,
  { exporter, id }: { exporter: Exporter; id: string },
): Promise<Map<string, string>> {
  const given = (exporter.attributes.get("name") ?? "").split(",").filter((name) => name !== "");
  const references = given.map((name) => withDefaultTag(parseReference(name)));
  return vertices.during("exporting to image", async (vertex) => {
    vertex.part(`writing image ${id}`, { done: true });
    for (const reference of references) {
      await images.tag(id, reference);
      vertex.part(`naming to ${canonicalRepository(reference)}:${reference.tag}`, { done: true });
    }
    built.keep(parseDigest(id));
    const response = new Map([
      ["containerimage.digest", id],
      ["containerimage.config.digest", id],
    ]);
    const names = references.map((reference) => `${canonicalRepository(reference)}:${reference.tag}`);
    if (names.length > 0) response.set("image.name", names.join(","));
    return response;
  });
}
