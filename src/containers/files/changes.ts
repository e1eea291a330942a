import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import { splitDigest } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";

/** A path that a container has changed of its image. */
export interface Change {
  kind: "modified" | "added" | "deleted";
  /** From the container's root. */
  path: string;
}

/** What a container has changed of its image, in the order of the paths. */
export async function changesOf(fleet: Fleet, name: string): Promise<Change[]> {
  const record = fleet.records.find(name);
  const image = await fleet.images.resolve(imageOf(record));
  const lowers = image.diffIds.map(
    (diffId) => `layers/${splitDigest(diffId).algorithm}/${splitDigest(diffId).hex}`,
  );
  const request = { operation: "changes" as const, upper: upperOf(record), lowers: ["base", ...lowers] };
  const { stream, peer } = openStream();
  const working = whileKept(fleet, record, () => fleet.zygote.work(request, { source: peer }));
  const done = working.finally(() => closeSync(peer));
  const [text] = await Promise.all([readText(stream), done]);
  return text.split("\0").slice(0, -1).map(parseChange);
}

/** What a container has changed of its image as a layer: a plain tar. Breaks off when it cannot be written whole. */
export function layerOf(fleet: Fleet, record: ContainerRecord): Duplex {
  const { stream, peer } = openStream();
  const request = { operation: "layer" as const, upper: upperOf(record) };
  whileKept(fleet, record, () => fleet.zygote.work(request, { source: peer }))
    .finally(() => closeSync(peer))
    .catch((error) => stream.destroy(error));
  return stream;
}

/** The image of a container; one on a directory of the host keeps no changes. */
export function imageOf({ name, imageId }: ContainerRecord): string {
  if (imageId !== undefined) return imageId;
  throw new TboxError(
    "conflict",
    `container ${name} is on a directory of the host: its changes are not kept`,
  );
}

/** A container that does not run neither starts nor goes meanwhile. */
function whileKept<T>(fleet: Fleet, { id }: ContainerRecord, work: () => Promise<T>): Promise<T> {
  return isRunning(fleet.records.find(id)) ? work() : fleet.companion(id).inTurn(work);
}

function upperOf({ id }: ContainerRecord): string {
  return `containers/${id}/upper`;
}

const kinds = { C: "modified", A: "added", D: "deleted" } as const;

function parseChange(text: string): Change {
  const kind = text[0];
  if (kind !== "C" && kind !== "A" && kind !== "D") {
    throw new TboxError("internal", `the worker listed a change of the kind ${JSON.stringify(kind)}`);
  }
  return { kind: kinds[kind], path: text.slice(1) };
}

/** All that a stream gives. */
export async function readText(stream: Duplex): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
