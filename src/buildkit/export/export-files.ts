import { formatPlatform } from "#oci/platform.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { ResultImage } from "../frontend/reference.ts";
import { type FilesSource, tarOf } from "./archive-entries.ts";
import { openImageFiles } from "./image-files.ts";
import { attestationsOf, type ExportSource, type NumberedExporter } from "./image-set.ts";
import { sendBytes } from "./send-bytes.ts";
import { sendFiles } from "./send-files.ts";

/** Sends the files of a result to the client, into a directory or as a tar. */
export async function exportFiles(
  scope: BuildScope,
  { exporter, index, source }: NumberedExporter<"local" | "tar"> & { source: ExportSource },
): Promise<Map<string, string>> {
  const { images, several } = source;
  const { type, split = several && images.length > 1 } = exporter;
  const sources = images.map((image) => ({
    image: image.id,
    directory: split ? directoryOf(image) : "",
    added: attestationFiles(scope, image, { exporter, source }),
    time: scope.results.get(image.id)?.record.epoch,
  }));
  if (type === "local") {
    await scope.vertices.during("exporting to client directory", async (vertex) => {
      using files = await openImageFiles(scope, sources);
      await sendFiles(scope, files, { index, vertex });
    });
    return new Map();
  }
  await scope.vertices.during("exporting to client tarball", async (vertex) => {
    await sendBytes(scope, tarFor(scope, sources), { index, vertex });
  });
  return new Map();
}

/** Returns the tar of one image as it is, or the files of several as one tar. */
function tarFor(scope: BuildScope, sources: FilesSource[]): AsyncIterable<Uint8Array> {
  const [only, ...others] = sources;
  const plain =
    only &&
    others.length === 0 &&
    only.directory === "" &&
    only.added.length === 0 &&
    only.time === undefined;
  return plain ? scope.services.builder.files(only.image) : tarOf(scope, sources);
}

function directoryOf({ platform }: ResultImage): string {
  return formatPlatform(platform).replaceAll("/", "_");
}

/** Returns the provenance as a file, unless it is meant for images only. */
function attestationFiles(
  scope: BuildScope,
  { id, platform }: ResultImage,
  { exporter, source }: { exporter: NumberedExporter<"local" | "tar">["exporter"]; source: ExportSource },
) {
  const { invocation, several, images } = source;
  const filename = scope.results.get(id)?.provenance?.filename ?? "";
  const together = several && images.length > 1 && exporter.split === false;
  const [, stem = filename, ending = ""] = /^(.*?)(\.[^.]*)$/.exec(filename) ?? [];
  const name = together ? `${stem}.${directoryOf({ id, platform })}${ending}` : filename;
  return attestationsOf(scope, id, { inline: false, invocation }).map(({ predicate }) => ({
    path: `${exporter.attestationPrefix}${name}`,
    content: Buffer.from(JSON.stringify(predicate, null, 2)),
  }));
}
