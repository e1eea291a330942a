import type { TboxBuildRequest } from "#api/requests/build.ts";
import { splitFields } from "#support/fields.ts";
import { toRecord } from "../../values/entries.ts";

type RequestedOutput = TboxBuildRequest["outputs"][number];

/** A destination of a built image in addition to the image store. */
export interface Output {
  /** Output that the daemon makes; absent if the image in the store is enough. */
  requested?: RequestedOutput;
  /** Place to which the command writes the output; absent for an output that the daemon completes. */
  place?: OutputPlace;
}

/** A file, or a directory that gets the entries of an archive; the path `-` is standard output. */
export type OutputPlace = { type: "file" | "directory"; path: string };

/** Types with compressed layers. The value `none`, as in `tbox push`, is `uncompressed` in BuildKit. */
const compressed = new Set(["image", "registry", "oci", "docker"]);

/** Parses `--output`: `type=…,dest=…`, a directory, or `-` for a tar archive on standard output. */
export function parseOutput(text: string): Output {
  if (!text.includes("=")) return text === "-" ? tar("-", {}) : local(text, {});
  const { type = "", dest = "-", ...given } = toRecord(splitFields(text));
  const attributes = compressed.has(type) ? withCompression(given) : given;
  switch (type) {
    case "cacheonly":
      return {};
    case "image":
      return Object.keys(attributes).length === 0 ? {} : { requested: { type, attributes } };
    case "registry":
      return registryOutput(attributes);
    case "tar":
      return tar(dest, attributes);
    case "local":
      if (dest === "-") throw new Error("dest is required for local output");
      return local(dest, attributes);
    case "oci":
    case "docker":
      return archive(type, dest, attributes);
    default: {
      const known = "image, registry, oci, docker, local, tar, cacheonly";
      throw new Error(`output type "${type}" is not supported, use ${known}`);
    }
  }
}

/** Returns the output of `--push`. */
export function registryOutput(attributes: Record<string, string>): Output {
  return { requested: { type: "image", attributes: { ...attributes, push: "true" } } };
}

/** Tests whether an output is pushed, which needs a name. */
export function isPushed({ requested }: Output): boolean {
  return requested?.type === "image" && requested.attributes.push === "true";
}

function tar(path: string, attributes: Record<string, string>): Output {
  return { requested: { type: "tar", attributes }, place: { type: "file", path } };
}

/** Returns the output to a directory, which receives the entries of a tar. */
function local(path: string, attributes: Record<string, string>): Output {
  return { requested: { type: "tar", attributes }, place: { type: "directory", path } };
}

/** Returns an archive of an image; with `tar=false`, a directory with an OCI layout. */
function archive(type: "oci" | "docker", path: string, attributes: Record<string, string>): Output {
  const { tar: packed = "true", ...others } = attributes;
  if (packed === "true") return { requested: { type, attributes: others }, place: { type: "file", path } };
  if (path === "-") throw new Error("dest is required for output with tar=false");
  return { requested: { type, attributes: others }, place: { type: "directory", path } };
}

function withCompression({ compression, ...attributes }: Record<string, string>): Record<string, string> {
  if (compression === undefined) return attributes;
  return { ...attributes, compression: compression === "none" ? "uncompressed" : compression };
}
