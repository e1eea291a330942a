import { fetchJson } from "#client/endpoints.ts";
import { writeStandardError } from "../../output/byte-sink.ts";
import { print } from "../../output/output.ts";
import type { Invocation } from "../../registry/command.ts";
import type { BuildFlags } from "./flags.ts";
import { writeResultFile } from "./result-file.ts";

/** A built image. */
export interface BuildResult {
  /** ID of the image. */
  image: string;
  tags: string[];
  /** Facts about exported images by BuildKit's names. */
  exported?: Record<string, string>;
  /** Facts to print: the ID on standard output, or the ID and the names on standard error. */
  shown: "id" | "names" | "nothing";
}

/** Prints the built image and writes the files that `--iidfile` and `--metadata-file` name. */
export async function reportResult(
  { image, tags, exported = {}, shown }: BuildResult,
  flags: Invocation<BuildFlags>["flags"],
): Promise<void> {
  if (flags.iidfile !== undefined) writeResultFile(flags.iidfile, image);
  if (flags["metadata-file"] !== undefined) {
    const metadata = {
      ...(await describeImage(image, exported)),
      ...(tags.length > 0 ? { "image.name": tags.join(",") } : {}),
    };
    writeResultFile(flags["metadata-file"], `${JSON.stringify(metadata, undefined, 2)}\n`);
  }
  if (shown === "id") return print(`${image}\n`);
  if (shown === "names")
    await writeStandardError([`built ${image}`, ...tags.map((tag) => `tagged ${tag}`), ""].join("\n"));
}

/** Returns the facts about the exported manifest or index; without one, those about the manifest in the store. */
async function describeImage(image: string, exported: Record<string, string>) {
  const encoded = exported["containerimage.descriptor"];
  if (encoded !== undefined) {
    const { "containerimage.descriptor": _, ...facts } = exported;
    return { ...facts, "containerimage.descriptor": JSON.parse(Buffer.from(encoded, "base64").toString()) };
  }
  const { Descriptor } = await fetchJson("GET /images/{name}/json", { name: image });
  return {
    "containerimage.config.digest": image,
    "containerimage.descriptor": Descriptor,
    "containerimage.digest": Descriptor.digest,
  };
}
