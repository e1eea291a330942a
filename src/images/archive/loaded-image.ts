import { canonicalRepository, familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { type ImageParts, readConfig, recordOf, unpackLayer } from "../store/image-parts.ts";
import type { ArchiveContents } from "./archive-contents.ts";
import type { LoadedImage, LoadOptions } from "./image-archives.ts";

/** State of one load. */
export interface LoadRun {
  services: ImageServices;
  contents: ArchiveContents;
  options: LoadOptions;
  report: (line: LoadedImage) => void;
}

/** Unpacks the layers of a loaded image, then adds its record and its names. */
export async function addLoadedImage(run: LoadRun, parts: ImageParts, names: string[]): Promise<void> {
  const { services, options, report } = run;
  const { records } = services;
  const record = recordOf(parts, await readConfig(services, parts.manifest));
  for (const [index, diffId] of record.diffIds.entries()) {
    const blob = record.layers[index];
    if (blob) await unpackLayer(services, blob, diffId, { signal: options.signal });
  }
  const references = names.map((name) => withDefaultTag(parseReference(name)));
  if (references.length === 0) {
    records.add(record, {});
    report({ loaded: record.id, id: record.id });
  }
  for (const reference of references) {
    const tag = `${canonicalRepository(reference)}:${reference.tag ?? "latest"}`;
    const before = records.name(tag)?.id;
    records.add(record, { tag, keepsTime: true });
    const shown = familiarName(reference);
    if (before !== undefined && before !== record.id) report({ moved: shown, from: before });
    report({ loaded: shown, id: record.id });
  }
}
