import { pathTo, requestLines } from "#client/api.ts";
import { registryAuth } from "#client/credentials.ts";
import { objectAt, textAt } from "#client/json.ts";
import { parsePlatform } from "#oci/platform.ts";
import { command, exactly } from "../command.ts";
import { ExitError } from "../exit.ts";
import { bool, parsed, unsupportedBool } from "../flags/kinds.ts";
import { print, printError } from "../output.ts";
import { openProgress } from "../progress/printer.ts";
import { fullName, splitReference } from "../pull-image.ts";

export const pushCommand = command({
  synopsis: "[OPTIONS] NAME[:TAG]",
  description: "Upload an image to a registry",
  flags: {
    "all-tags": bool("Push all tags of an image to the repository", { short: "a" }),
    "disable-content-trust": unsupportedBool("Signatures of images"),
    platform: parsed("Push one platform of an image that has several (os/arch[/variant])", parsePlatform),
    quiet: bool("Suppress verbose output", { short: "q" }),
  },
  arguments: exactly(1),
  async run({ flags, positionals: [image = ""] }) {
    const { name, tag, given } = splitReference(image);
    if (flags["all-tags"] && given) throw new ExitError("tag can't be used with --all-tags/-a", 1);
    if (tag.includes(":")) throw new ExitError("cannot push a digest reference", 1);
    if (!given && !flags["all-tags"] && !flags.quiet) await print("Using default tag: latest\n");
    const auth = await registryAuth(image, (warning) => printError(`WARNING: ${warning}`, "bare"));
    const { platform } = flags;
    const lines = requestLines("POST", pathTo("images", name, "/push"), {
      query: {
        tag: flags["all-tags"] ? undefined : tag,
        platform: platform === undefined ? undefined : JSON.stringify(platform),
      },
      headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
    });
    const progress = flags.quiet ? undefined : await openProgress("stdout");
    for await (const line of lines) {
      const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
      if (message !== "") throw new ExitError(message, 1);
      if (!("aux" in line)) await progress?.show(line);
      else if (objectAt(line, "aux").manifestPushedInsteadOfIndex === true) printError(onlyOne, "bare");
    }
    if (flags.quiet) await print(`${fullName(image)}\n`);
    return 0;
  },
});

const onlyOne =
  "Not all platforms of the image are here: only the manifest of the one that is was pushed, without its index";
