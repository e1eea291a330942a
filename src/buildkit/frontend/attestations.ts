import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { splitFields } from "#support/fields.ts";
import type { FrontendOptions } from "./options.ts";

/** Settings of a build's provenance. */
export interface ProvenanceOptions {
  /** `max`: with the build arguments, secrets and the Dockerfile. */
  mode: "min" | "max";
  /** Whether only images have the provenance, and no output of files. */
  inlineOnly: boolean;
  builderId: string;
  reproducible: boolean;
  version: "v0.2" | "v1";
  /** Name of the file in an output of files. */
  filename: string;
}

/** Reads the attestations that a client asks for; throws for an attestation that is not supported. */
export function readAttestations(options: FrontendOptions): { provenance?: ProvenanceOptions } {
  const wanted = new Map<string, string>();
  for (const [name, value] of options) {
    const [, key] = /^(?:attest:|build-arg:BUILDKIT_ATTEST_)(.+)$/.exec(name) ?? [];
    if (key !== undefined) wanted.set(key.toLowerCase(), value);
  }
  const provenance = wanted.get("provenance");
  for (const name of wanted.keys()) if (name !== "provenance") throw unsupported(name);
  return provenance === undefined ? {} : { provenance: parseProvenance(provenance) };
}

function unsupported(name: string): TboxError {
  if (name !== "sbom") return invalidArgument(`unknown attestation type ${JSON.stringify(name)}`);
  const fix = "scan the finished image instead";
  return new TboxError("not-implemented", `attest:sbom: the generator of an SBOM is not supported: ${fix}`);
}

function parseProvenance(text: string): ProvenanceOptions {
  const pairs = (text === "" ? [] : splitFields(text)).map((field) => {
    const [name = "", ...value] = field.split("=");
    return [name, value.join("=")] as const;
  });
  const given = new Map(pairs);
  const mode = given.get("mode") ?? "max";
  const version = given.get("version") ?? "v0.2";
  if (mode !== "min" && mode !== "max" && mode !== "full")
    throw invalidArgument(`provenance: invalid mode ${mode}`);
  if (version !== "v0.2" && version !== "v1") throw invalidArgument(`provenance: invalid version ${version}`);
  const isSet = (name: string) => parseBoolean(given.get(name) ?? "") ?? false;
  return {
    mode: mode === "min" ? "min" : "max",
    inlineOnly: isSet("inline-only"),
    builderId: given.get("builder-id") ?? "",
    reproducible: isSet("reproducible"),
    version,
    filename: given.get("filename") || "provenance.json",
  };
}
