import type { Descriptor } from "#oci/descriptor.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import { describeExport } from "./describe-export.ts";
import { type ExportSource, imageSetOf, type NumberedExporter } from "./image-set.ts";
import { sendBytes } from "./send-bytes.ts";

/** Sends images to the client, as an archive or into a directory with an OCI layout. */
export async function sendArchive(
  scope: BuildScope,
  { exporter, index, source }: NumberedExporter<"archive"> & { source: ExportSource },
): Promise<Map<string, string>> {
  const { services, vertices, signal } = scope;
  const { format, directory } = exporter;
  // An index has every attestation; a single image does not become an index by the default ones.
  const set = await imageSetOf(scope, source, { output: exporter, inline: source.several });
  const top = await vertices.during(`exporting to ${format} image format`, async (vertex) => {
    const options = { signal, report: vertex.progress };
    if (directory) {
      const destination = await scope.output.store("export");
      return services.images.sendImages(set, { type: "store", destination }, options);
    }
    let sent: Descriptor | undefined;
    await services.images.archiveImages(set, { ...options, format }, async (archive, descriptor) => {
      sent = descriptor;
      await sendBytes(scope, archive, { index, vertex });
    });
    return sent;
  });
  return describeExport(set, top);
}
