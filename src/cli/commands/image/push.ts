import { parsePlatform } from "#oci/platform.ts";
import { fullImageName, splitImageName } from "../../arguments/image-name.ts";
import { bool, contentTrust, integer, parsed, word } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { compressionFormats, pushImage } from "./push-image.ts";

export const pushCommand = command({
  name: "push",
  aliases: ["image push"],
  summary: "Upload an image to a registry",
  synopsis: "[OPTIONS] NAME[:TAG]",
  flags: {
    "all-tags": bool("Push all tags of an image to the repository", { short: "a" }),
    compression: word(
      "Compression of locally built, committed or loaded layers (gzip, zstd, none)",
      compressionFormats,
    ),
    "compression-level": integer("Compression level (gzip: 0-9, zstd: 1-22)"),
    "disable-content-trust": contentTrust,
    platform: parsed("Push a single platform of a multi-platform image (os/arch[/variant])", parsePlatform),
    quiet: bool("Suppress verbose output", { short: "q" }),
  },
  arguments: exactly(1),
  examples: [
    { line: "tbox push registry.example.org/team/app:1", purpose: "Push one tag" },
    { line: "tbox push --compression zstd registry.example.org/team/app:1", purpose: "Compress with zstd" },
    { line: "tbox push -a registry.example.org/team/app", purpose: "Push all tags of a repository" },
  ],
  async run({ flags, positionals: [image = ""] }) {
    const { name, tag, given } = splitImageName(image);
    if (flags["all-tags"] && given) throw new ExitError("tag can't be used with --all-tags/-a", 1);
    if (tag.includes(":")) throw new ExitError("cannot push a digest reference", 1);
    if (!given && !flags["all-tags"] && !flags.quiet) await print("Using default tag: latest\n");
    const { platform, quiet } = flags;
    const compression = { format: flags.compression, level: flags["compression-level"] };
    const wanted = flags["all-tags"] ? undefined : tag;
    await pushImage(image, { name, tag: wanted, platform, compression, quiet });
    if (flags.quiet) await print(`${fullImageName(image)}\n`);
    return 0;
  },
});
