import { fetchJson } from "#client/endpoints.ts";
import { writeStandardError } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";
import { print } from "../../output/output.ts";
import type { Invocation } from "../../registry/command.ts";
import type { BuildFlags } from "./flags.ts";

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
  if (flags.iidfile !== undefined) await writeFile(flags.iidfile, image);
  if (flags["metadata-file"] !== undefined) {
    const { Descriptor } = await fetchJson("GET /images/{name}/json", { name: image });
    const metadata = {
      "containerimage.config.digest": image,
      "containerimage.descriptor": Descriptor,
      "containerimage.digest": Descriptor.digest,
      ...(tags.length > 0 ? { "image.name": tags.join(",") } : {}),
    };
    await writeFile(flags["metadata-file"], `${JSON.stringify(metadata, undefined, 2)}\n`);
  }
  if (quiet) return print(`${image}\n`);
  await writeStandardError([`built ${image}`, ...tags.map((tag) => `tagged ${tag}`), ""].join("\n"));
}

async function writeFile(path: string, text: string): Promise<void> {
  try {
    await Bun.write(path, text);
  } catch (cause) {
    throw new ExitError(`cannot write ${path}: ${failureMessage(cause)}`, 1, { cause });
  }
}
