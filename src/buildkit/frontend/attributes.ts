import type { ExportCompression, ExportTypes } from "#images/export/image-exports.ts";
import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";

/** Attributes of an output or a cache by name. */
export type Attributes = ReadonlyMap<string, string>;

/** Form of exported layers and manifests. */
export interface CompressionOptions {
  compression: ExportCompression;
  types: ExportTypes;
}

/** Default levels of gzip and zstd. */
const levels = { gzip: 6, zstd: 3 } as const;

/** Reads a boolean attribute; an attribute without a value is true. */
export function readBoolean(attributes: Attributes, name: string): boolean | undefined {
  const text = attributes.get(name);
  if (text === undefined) return undefined;
  const value = text === "" ? true : parseBoolean(text);
  if (value === undefined) throw invalidArgument(`${name}: ${JSON.stringify(text)} is not a boolean`);
  return value;
}

/** Reads `compression`, `compression-level` and `force-compression`. */
export function readCompression(attributes: Attributes): ExportCompression {
  const name = attributes.get("compression") || "gzip";
  const force = readBoolean(attributes, "force-compression") ?? false;
  if (name === "uncompressed") return { type: "none", force };
  if (name !== "gzip" && name !== "zstd") {
    const fix = "use gzip, zstd or uncompressed";
    throw new TboxError("not-implemented", `compression ${name} is not supported: ${fix}`);
  }
  const given = attributes.get("compression-level");
  const level = given === undefined ? levels[name] : Number(given);
  const most = name === "gzip" ? 9 : 22;
  if (!Number.isInteger(level) || level < 0 || level > most) {
    throw invalidArgument(`compression-level ${given}: ${name} has the levels 0 to ${most}`);
  }
  return { type: { format: name, level }, force };
}

/** Reads `oci-mediatypes`. */
export function readTypes(attributes: Attributes): ExportTypes {
  return (readBoolean(attributes, "oci-mediatypes") ?? true) ? "oci" : "docker";
}
