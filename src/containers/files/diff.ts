import { closeSync } from "node:fs";
import type { WriteArchive } from "#layers/layers.ts";
import { openStream } from "#native/addon/stream.ts";
import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { layerPath } from "../state/layer-path.ts";
import { readText } from "./read-text.ts";
import { withStableFiles } from "./stable-files.ts";

/** Path that differs from the container's image. */
export interface Change {
  kind: "modified" | "added" | "deleted";
  /** Absolute path in the container. */
  path: string;
}

/** Lists a container's changes to its image, sorted by path. */
export async function listChanges(services: ContainerServices, name: string): Promise<Change[]> {
  const record = services.records.find(name);
  const image = await services.images.resolve(requireImage(record));
  const lowers = ["base", ...image.diffIds.map((diffId) => `layers/${layerPath(diffId)}`)];
  const request = { operation: "changes" as const, upper: upperOf(record), lowers };
  const { stream, peer } = openStream();
  const working = withStableFiles(services, record.id, () => services.zygote.work(request, { source: peer }));
  const done = working.finally(() => closeSync(peer));
  const [text] = await Promise.all([readText(stream), done]);
  return text.split("\0").slice(0, -1).map(parseChange);
}

/** Returns the function that writes a container's changes as an uncompressed layer. */
export function changesAsLayer(services: ContainerServices, record: ContainerRecord): WriteArchive {
  const request = { operation: "layer" as const, upper: upperOf(record) };
  return async (source, signal) => {
    await withStableFiles(services, record.id, () => services.zygote.work(request, { source, signal }));
  };
}

/** Returns the ID of a container's image. Throws conflict for a container on a directory of the host. */
export function requireImage({ name, imageId }: ContainerRecord): string {
  if (imageId !== undefined) return imageId;
  throw new TboxError(
    "conflict",
    `container ${name} has a directory of the host as its root: its changes are not recorded`,
  );
}

function upperOf({ id }: ContainerRecord): string {
  return `containers/${id}/upper`;
}

const kinds = { C: "modified", A: "added", D: "deleted" } as const;

function parseChange(text: string): Change {
  const kind = text[0];
  if (kind !== "C" && kind !== "A" && kind !== "D") {
    throw new TboxError("internal", `the worker listed a change of unknown kind ${JSON.stringify(kind)}`);
  }
  return { kind: kinds[kind], path: text.slice(1) };
}
