import { bool, text, unsupportedBool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { fullName, pullImage, splitReference } from "./pull-image.ts";

export const pullCommand = command({
  synopsis: "[OPTIONS] NAME[:TAG|@DIGEST]",
  description: "Download an image from a registry",
  flags: {
    "all-tags": bool("Download all tagged images in the repository", { short: "a" }),
    "disable-content-trust": unsupportedBool("Signatures of images"),
    platform: text("Platform of the image, if it has several (os/arch[/variant])"),
    quiet: bool("Suppress verbose output", { short: "q" }),
  },
  arguments: exactly(1),
  async run({ flags, positionals: [image = ""] }) {
    const { platform } = flags;
    if (flags["all-tags"]) {
      if (splitReference(image).given) throw new ExitError("tag can't be used with --all-tags/-a", 1);
      await pullImage(image, { platform, all: true, ...(flags.quiet ? {} : { progress: "stdout" }) });
      await print(`${fullName(image).replace(/:latest$/, "")}\n`);
      return 0;
    }
    if (!flags.quiet && !splitReference(image).given) await print("Using default tag: latest\n");
    await pullImage(image, flags.quiet ? { platform } : { platform, progress: "stdout" });
    await print(`${fullName(image)}\n`);
    return 0;
  },
});
