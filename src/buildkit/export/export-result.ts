import { invalidArgument } from "#support/errors.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { BuiltImages } from "../frontend/built-images.ts";
import { exportFiles } from "./export-files.ts";
import { exportToStore } from "./export-to-store.ts";
import type { Exporter } from "./exporters.ts";
import type { ExportSource } from "./image-set.ts";
import { sendArchive } from "./send-archive.ts";

/** Exports a result; returns the entries for the answer of `Control.Solve`. */
export async function exportResult(
  scope: BuildScope,
  built: BuiltImages,
  { exporter, index, source }: { exporter: Exporter; index: number; source: ExportSource },
): Promise<Map<string, string>> {
  if (source.images.length === 0) throw invalidArgument("the build has no result to export");
  reportAttributes(scope, exporter, source);
  switch (exporter.type) {
    case "store":
      return exportToStore(scope, built, { exporter, source });
    case "archive":
      return sendArchive(scope, { exporter, index, source });
    case "local":
    case "tar":
      return exportFiles(scope, { exporter, index, source });
  }
}

/** Reports attributes without an effect. */
function reportAttributes(
  { vertices, results }: BuildScope,
  exporter: Exporter,
  { images }: ExportSource,
): void {
  const notes = exporter.unknown.map((name) => `unknown output attribute ${name} is ignored`);
  const dated = images.every(({ id }) => results.get(id)?.record.epoch !== undefined);
  if (exporter.rewrites && !dated) {
    notes.push("rewrite-timestamp has no effect without SOURCE_DATE_EPOCH or source-date-epoch");
  }
  if (notes.length === 0) return;
  const vertex = vertices.start("[internal] read output attributes");
  for (const note of notes) vertex.log(2, `${note}\n`);
  vertex.finish();
}
