import type { ImageSet } from "#images/export/image-exports.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { canonicalName, canonicalRepository, type Reference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { BuiltImages } from "../frontend/built-images.ts";
import type { Vertex } from "../progress/vertices.ts";
import { describeExport } from "./describe-export.ts";
import { type ExportSource, imageSetOf, type NumberedExporter } from "./image-set.ts";

type StoreExporter = NumberedExporter<"store">["exporter"];

/** Tags the images in the store, and pushes them if the output asks for it. */
export async function exportToStore(
  scope: BuildScope,
  built: BuiltImages,
  { exporter, source }: { exporter: StoreExporter; source: ExportSource },
): Promise<Map<string, string>> {
  const { keeps, names } = exporter;
  // The provenance that buildx asks for by default would give each build of the same image another index.
  const set = await imageSetOf(scope, source, { output: exporter, inline: false });
  const stored = await scope.vertices.during("exporting to image", async (vertex) => {
    for (const { id } of set.images) {
      vertex.part(`writing image ${id}`, { done: true });
      if (keeps) built.keep(id);
    }
    return keeps ? nameInStore(scope, set, { exporter, vertex }) : undefined;
  });
  if (!exporter.push) return describeExport(set, stored);
  if (names.length === 0) throw invalidArgument("push: the output has no name");
  const outgoing = await imageSetOf(scope, source, { output: exporter, inline: true });
  let pushed = stored;
  for (const name of names) pushed = await push(scope, outgoing, { exporter, name });
  return describeExport(outgoing, pushed);
}

/** Returns the manifest or index of the names; undefined if they refer to an image of the store. */
async function nameInStore(
  { services: { images } }: BuildScope,
  set: ImageSet,
  { exporter: { names, canonical }, vertex }: { exporter: StoreExporter; vertex: Vertex },
): Promise<Descriptor | undefined> {
  const [first, ...others] = set.images;
  const hasIndex = set.index || others.length > 0 || (first?.attestations.length ?? 0) > 0;
  const named = hasIndex || canonical ? await images.nameImages(set, { canonical }) : undefined;
  for (const name of names) {
    if (!named && first) await images.tag(first.id, name);
    vertex.part(`naming to ${canonicalRepository(name)}:${name.tag}`, { done: true });
  }
  return named;
}

async function push(
  scope: BuildScope,
  set: ImageSet,
  { exporter, name }: { exporter: StoreExporter; name: Reference },
): Promise<Descriptor> {
  const { services, vertices, signal } = scope;
  return vertices.during(`pushing ${canonicalName(name)}`, async (vertex) => {
    const credentials = await scope.output.credentials(name.domain);
    const { byDigest, insecure } = exporter;
    const target = { type: "registry" as const, reference: name, credentials, byDigest, insecure };
    const top = await services.images.sendImages(set, target, { signal, report: vertex.progress });
    vertex.part(`pushing manifest for ${canonicalName(name)}@${top.digest}`, { done: true });
    return top;
  });
}
