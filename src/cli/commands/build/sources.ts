import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { TboxBuildRequest } from "#api/requests/build.ts";
import { splitFields } from "#support/fields.ts";
import { toRecord } from "../../values/entries.ts";

/** A cache that a build reads or writes. */
export type Cache = TboxBuildRequest["cacheFrom"][number];

/** Attributes of caches that name a directory of the caller. */
const pathAttributes = ["src", "dest"];

/** Parses `--cache-from` and `--cache-to`: `type=…,KEY=VALUE…`, or the name of an image. */
export function parseCache(text: string): Cache {
  if (!text.includes("=")) {
    return text === "inline"
      ? { type: text, attributes: {} }
      : { type: "registry", attributes: { ref: text } };
  }
  const { type = "", ...attributes } = toRecord(splitFields(text));
  if (type === "") throw new Error(`type is required: ${text}`);
  for (const name of pathAttributes) {
    const path = attributes[name];
    if (type === "local" && path !== undefined) attributes[name] = resolve(path);
  }
  return { type, attributes: { ...attributes } };
}

/** Parses `--build-context NAME=VALUE`: a directory, `docker-image://`, `oci-layout://`, or an address. */
export function parseContext(text: string): [string, string] {
  const equals = text.indexOf("=");
  const [name, value] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
  if (name === "" || value === "") throw new Error(`invalid context value: ${text}, expected key=value`);
  if (value.startsWith("oci-layout://")) return [name, `oci-layout://${layout(value)}`];
  return [name, isAddress(value) ? value : directory(value)];
}

/** Returns the part of `oci-layout://PATH[:TAG][@DIGEST]` after the scheme, with a full path. */
function layout(value: string): string {
  const [, path = "", rest = ""] =
    /^oci-layout:\/\/(.*?)((?::[\w][\w.-]*)?(?:@[a-z0-9]+:[0-9a-f]+)?)$/s.exec(value) ?? [];
  return `${resolve(path)}${rest}`;
}

function isAddress(value: string): boolean {
  if (/^(?:docker-image|https?|git|ssh):\/\//.test(value)) return true;
  return (
    /^(?:[\w.-]+@[\w.-]+:|github\.com\/)/.test(value) &&
    statSync(value, { throwIfNoEntry: false }) === undefined
  );
}

function directory(value: string): string {
  if (statSync(value, { throwIfNoEntry: false })?.isDirectory()) return realpathSync(value);
  throw new Error(`failed to get build context path ${value}: not a directory`);
}

/** Parses `--provenance`; returns the options of the provenance, undefined without one. */
export function parseProvenance(text: string): string | undefined {
  if (/^(?:false|0|f)$/i.test(text)) return undefined;
  return /^(?:true|1|t)$/i.test(text) ? "" : text;
}

/** Parses `--attest type=provenance,…`; returns the options of the provenance, undefined if it is disabled. */
export function parseAttestation(text: string): { provenance: string | undefined } {
  const fields = splitFields(text.includes("=") ? text : `type=${text}`);
  const { type, disabled } = toRecord(fields);
  if (type !== "provenance") {
    throw new Error(`attestation type ${type} is not supported: scan the finished image instead`);
  }
  const options = fields.filter((field) => !/^(?:type|disabled)=/.test(field)).join(",");
  return { provenance: disabled === "true" ? undefined : options };
}
