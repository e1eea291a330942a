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
  /** Whether only the ID is printed. */
  quiet: boolean;
}

/** Prints the built image and writes the files that `--iidfile` and `--metadata-file` name. */
export async function reportResult(
  { image, tags, quiet }: BuildResult,
  flags: Invocation<BuildFlags>["flags"],
): Promise<void> {
  if (flags.iidfile !== undefined) writeResultFile(flags.iidfile, image);
  if (flags["metadata-file"] !== undefined) {
    const { Descriptor } = await fetchJson("GET /images/{name}/json", { name: image });
    const metadata = {
      "containerimage.config.digest": image,
      "containerimage.descriptor": Descriptor,
      "containerimage.digest": Descriptor.digest,
      ...(tags.length > 0 ? { "image.name": tags.join(",") } : {}),
    };
    writeResultFile(flags["metadata-file"], `${JSON.stringify(metadata, undefined, 2)}\n`);
  }
  if (quiet) return print(`${image}\n`);
  await writeStandardError([`built ${image}`, ...tags.map((tag) => `tagged ${tag}`), ""].join("\n"));
}
