import { invalidArgument, TboxError } from "#support/errors.ts";
import { readAnnotation } from "../frontend/annotations.ts";
import { type Attributes, readBoolean } from "../frontend/attributes.ts";

/** Kind of an output, which determines its attributes. */
export type OutputKind = "store" | "archive" | "files";

/** Attributes that every output of a kind has. `tar`, `dest` and `context` concern the client alone. */
const honoured: Record<OutputKind, ReadonlySet<string>> = {
  store: words(
    "name push push-by-digest registry.insecure store name-canonical compression compression-level",
    "force-compression oci-mediatypes source-date-epoch rewrite-timestamp",
  ),
  archive: words(
    "name tar dest context compression compression-level force-compression oci-mediatypes",
    "source-date-epoch rewrite-timestamp",
  ),
  files: words("dest tar platform-split attestation-prefix source-date-epoch"),
};

/** Attributes without an effect in BuildKit, attributes of the client, and those whose effect every output of tbox has. */
const withoutEffect = words("unpack buildinfo buildinfo-attrs prefer-image-digest");

/** Attributes of BuildKit that are refused unless they have a value that changes nothing. */
const refused = new Map([
  ["oci-artifact", { harmless: "false", reason: "attestations have an image's manifest" }],
  ["prefer-nondist-layers", { harmless: "false", reason: "every layer is distributed" }],
  ["dangling-name-prefix", { harmless: "", reason: "name the image" }],
  ["mode", { harmless: "copy", reason: "use a new directory to have no older files in it" }],
]);

function words(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}

/** Throws for an attribute that BuildKit knows and this builder does not honour; returns the names of unknown attributes. */
export function checkAttributes(kind: OutputKind, attributes: Attributes): string[] {
  for (const [name, value] of attributes) {
    const refusal = refused.get(name);
    if (refusal === undefined || isHarmless(attributes, { name, value, harmless: refusal.harmless }))
      continue;
    throw new TboxError("not-implemented", `output: ${name}=${value} is not supported: ${refusal.reason}`);
  }
  const isKnown = (name: string) =>
    honoured[kind].has(name) || withoutEffect.has(name) || refused.has(name) || isAnnotation(kind, name);
  return [...attributes.keys()].filter((name) => !isKnown(name));
}

function isHarmless(
  attributes: Attributes,
  { name, value, harmless }: { name: string; value: string; harmless: string },
): boolean {
  return harmless === "false" ? readBoolean(attributes, name) === false : value === harmless;
}

function isAnnotation(kind: OutputKind, name: string): boolean {
  return kind !== "files" && readAnnotation(name, "") !== undefined;
}

/** Times of an output's files. */
export interface OutputTimes {
  /** Value of `source-date-epoch`, which replaces SOURCE_DATE_EPOCH as the bound for timestamps. */
  epoch: string | undefined;
  /** Whether the output asks for files without later times, which is always so with SOURCE_DATE_EPOCH. */
  rewrites: boolean;
}

/** Reads `source-date-epoch` and `rewrite-timestamp`. */
export function readTimes(attributes: Attributes): OutputTimes {
  // Without a value, SOURCE_DATE_EPOCH counts.
  const epoch = attributes.get("source-date-epoch") || undefined;
  if (epoch !== undefined && !/^\d+$/.test(epoch)) {
    throw invalidArgument(`source-date-epoch: ${JSON.stringify(epoch)} is not a number of seconds`);
  }
  return { epoch, rewrites: readBoolean(attributes, "rewrite-timestamp") ?? false };
}
