import { fullImageName, splitImageName } from "../../arguments/image-name.ts";
import { bool, contentTrust, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { pullImage } from "./pull-image.ts";

export const pullCommand = command({
  name: "pull",
  aliases: ["image pull"],
  summary: "Download an image from a registry",
  rank: 5,
  synopsis: "[OPTIONS] NAME[:TAG|@DIGEST]",
  flags: {
    "all-tags": bool("Download all tagged images in the repository", { short: "a" }),
    "disable-content-trust": contentTrust,
    platform: text("Set platform if the image is multi-platform (os/arch[/variant])"),
    quiet: bool("Suppress verbose output", { short: "q" }),
  },
  arguments: exactly(1),
  examples: [
    { line: "tbox pull debian:12", purpose: "Pull an image from Docker Hub" },
    {
      line: "tbox pull ghcr.io/owner/app@sha256:<digest>",
      purpose: "Pull an image by digest from another registry",
    },
    { line: "tbox pull --platform linux/arm64 alpine", purpose: "Pull the image of another platform" },
  ],
  async run({ flags, positionals: [image = ""] }) {
    const { platform } = flags;
    if (flags["all-tags"]) {
      if (splitImageName(image).given) throw new ExitError("tag can't be used with --all-tags/-a", 1);
      await pullImage(image, { platform, all: true, ...(flags.quiet ? {} : { progress: "stdout" }) });
      await print(`${fullImageName(image).replace(/:latest$/, "")}\n`);
      return 0;
    }
    if (!flags.quiet && !splitImageName(image).given) await print("Using default tag: latest\n");
    await pullImage(image, flags.quiet ? { platform } : { platform, progress: "stdout" });
    await print(`${fullImageName(image)}\n`);
    return 0;
  },
});
