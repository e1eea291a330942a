import { type Digest, parseDigest } from "#oci/digest.ts";
import { parseReference, type Reference } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { type ActionsCacheOptions, readActionsCache } from "../actions-cache/options.ts";
import { type CompressionOptions, readBoolean, readCompression, readTypes } from "./attributes.ts";
import type { FrontendOptions } from "./options.ts";

/** A cache that a build takes results from. */
export type CacheImport =
  | { type: "registry"; name: string }
  /** A directory of the client; `store` is the client's name for it. */
  | { type: "local"; store: string; digest: Digest; path: string }
  | { type: "gha"; options: ActionsCacheOptions };

/** A cache that a build exports. */
export type CacheExportOption =
  | { type: "inline" }
  | ({ type: "registry"; reference: Reference; insecure: boolean } & CacheExportForm)
  | ({ type: "local"; store: string } & CacheExportForm)
  | ({ type: "gha"; options: ActionsCacheOptions } & CacheExportForm);

/** The form of an exported cache. */
export interface CacheExportForm extends CompressionOptions {
  /** `max`: with the steps of all stages. */
  mode: "min" | "max";
  imageManifest: boolean;
  ignoreError: boolean;
}

type Attributes = ReadonlyMap<string, string>;

/** Reads the option `cache-imports`. */
export function readCacheImports(options: FrontendOptions): CacheImport[] {
  const entries: unknown = JSON.parse(options.get("cache-imports") || "[]");
  return Array.isArray(entries) ? entries.map(readCacheImport) : [];
}

/** Reads an entry of `--cache-from` as clients encode it. */
export function readCacheImport(entry: unknown): CacheImport {
  const { Type: type, Attrs: given } = Object(entry);
  const attributes = new Map(Object.entries(Object(given)).map(([name, value]) => [name, String(value)]));
  if (type === "registry") {
    if (readBoolean(attributes, "registry.insecure")) {
      throw new TboxError(
        "not-implemented",
        "cache-from: registry.insecure is not supported: name the registry in the setting insecureRegistries",
      );
    }
    return { type, name: required(attributes, "cache-from", "ref") };
  }
  if (type === "local") {
    const path = required(attributes, "cache-from", "src");
    return {
      type,
      store: `local:${path}`,
      digest: parseDigest(required(attributes, "cache-from", "digest")),
      path,
    };
  }
  if (type === "gha") return { type, options: readActionsCache(attributes, "cache-from") };
  throw unsupportedType("cache-from", String(type));
}

/** Reads an entry of `--cache-to`. */
export function readCacheExport({
  type = "",
  attributes = new Map(),
}: {
  type?: string;
  attributes?: Attributes;
}): CacheExportOption {
  if (type === "inline") return { type };
  if (type !== "registry" && type !== "local" && type !== "gha") throw unsupportedType("cache-to", type);
  const mode = attributes.get("mode") ?? "min";
  if (mode !== "min" && mode !== "max")
    throw invalidArgument(`cache-to: invalid mode ${mode}: use min or max`);
  const types = readTypes(attributes);
  const imageManifest = readBoolean(attributes, "image-manifest") ?? types === "oci";
  if (imageManifest && types === "docker") {
    throw invalidArgument("cache-to: image-manifest=true needs oci-mediatypes=true");
  }
  const ignoreError = readBoolean(attributes, "ignore-error") ?? false;
  const form = { mode, imageManifest, ignoreError, types, compression: readCompression(attributes) } as const;
  if (type === "local") return { type, store: `local:${required(attributes, "cache-to", "dest")}`, ...form };
  if (type === "gha") return { type, options: readActionsCache(attributes, "cache-to"), ...form };
  const reference = parseReference(required(attributes, "cache-to", "ref"));
  return { type, reference, insecure: readBoolean(attributes, "registry.insecure") ?? false, ...form };
}

function required(attributes: Attributes, option: string, name: string): string {
  const value = attributes.get(name);
  if (value) return value;
  throw invalidArgument(`${option}: ${name} is missing`);
}

function unsupportedType(option: string, type: string): TboxError {
  const fix = "use type=registry, type=local, type=gha or type=inline";
  return new TboxError("not-implemented", `${option}: type ${type} is not supported: ${fix}`);
}
