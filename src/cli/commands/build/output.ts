import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { request } from "#client/api.ts";
import { splitFields } from "#support/fields.ts";
import { unpackArchive } from "../../archives/unpack-archive.ts";
import { writeArchive } from "../../archives/write-archive.ts";
import { splitImageName } from "../../arguments/image-name.ts";
import { toRecord } from "../../values/entries.ts";
import { compressionFormats, type PushCompression, pushImage } from "../image/push-image.ts";

/** A destination of a built image in addition to the image store. */
export interface Output {
  type: "image" | "registry" | "oci" | "docker" | "local" | "tar" | "cacheonly";
  /** Path; `-` for standard output. */
  destination: string;
  /** Compression of the pushed layers. */
  compression?: PushCompression;
}

const types = ["image", "registry", "oci", "docker", "local", "tar", "cacheonly"] as const;

/** Parses `--output`: `type=…,dest=…`, a directory, or `-` for a tar archive on standard output. */
export function parseOutput(text: string): Output {
  if (!text.includes("=")) {
    return text === "-" ? { type: "tar", destination: "-" } : { type: "local", destination: text };
  }
  const fields = toRecord(splitFields(text));
  const { type = "", dest, push, compression, "compression-level": level, ...others } = fields;
  const wanted = type === "image" && push === "true" ? "registry" : type;
  const known = types.find((one) => one === wanted);
  if (known === undefined) throw new Error(`output type "${type}" is not supported, use ${types.join(", ")}`);
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw new Error(`${unknown} of an output is not supported`);
  if (known === "local" && (dest === undefined || dest === "-")) {
    throw new Error("dest is required for local output");
  }
  const output = { type: known, destination: dest ?? "-" };
  if ((compression ?? level) === undefined) return output;
  if (known !== "registry") throw new Error("layers are compressed when they are pushed: use type=registry");
  return { ...output, compression: parseCompression(compression, level) };
}

function parseCompression(format: string | undefined, level: string | undefined): PushCompression {
  const known = compressionFormats.find((one) => one === format);
  if (format !== undefined && known === undefined) {
    throw new Error(`compression "${format}" is not supported, use ${compressionFormats.join(", ")}`);
  }
  if (level !== undefined && !/^\d+$/.test(level)) {
    throw new Error(`compression-level "${level}" is not a whole number`);
  }
  return { format: known, level: level === undefined ? undefined : Number(level) };
}

/** Writes a built image to a destination. */
export async function writeOutput(
  { type, destination, compression }: Output,
  { image, tags, quiet }: { image: string; tags: string[]; quiet: boolean },
): Promise<void> {
  const path = destination === "-" ? undefined : destination;
  switch (type) {
    case "image":
    case "cacheonly":
      return;
    case "registry": {
      const push = { quiet, stream: "stderr" as const, ...(compression ? { compression } : {}) };
      for (const tag of tags) {
        const { name, tag: word } = splitImageName(tag);
        await pushImage(tag, { ...push, name, tag: word });
      }
      return;
    }
    case "oci":
    case "docker": {
      const names = tags.length > 0 ? tags : [image];
      return writeArchive(path, () => request("GET", "/images/get", { query: { names } }));
    }
    case "tar":
      return writeArchive(path, () => files(image));
    case "local": {
      const target = resolve(destination);
      await mkdir(target, { recursive: true });
      const { body } = await files(image);
      return unpackArchive(body ?? new Blob().stream(), { source: "/.", target, bare: true });
    }
  }
}

function files(image: string): Promise<Response> {
  return request("GET", "/tbox/files", { query: { image } });
}
