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
