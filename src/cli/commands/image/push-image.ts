import { pathTo, requestLines } from "#client/api.ts";
import { registryAuth } from "#client/credentials/credentials.ts";
import { objectAt, textAt } from "#client/json.ts";
import type { Platform } from "#oci/platform.ts";
import { ExitError } from "../../output/exit.ts";
import { printError, printWarning } from "../../output/output.ts";
import { openProgress } from "../../progress/printer.ts";

interface Push {
  /** Without its tag. */
  name: string;
  /** All tags when absent. */
  tag: string | undefined;
  platform?: Platform | undefined;
  quiet: boolean;
  /** Where progress goes. */
  stream?: "stdout" | "stderr";
}

/** Has an image pushed to the registry of its name and shows how it goes on. */
export async function pushImage(image: string, push: Push): Promise<void> {
  const { name, tag, platform, quiet, stream = "stdout" } = push;
  const auth = await registryAuth(image, printWarning);
  const lines = requestLines("POST", pathTo("images", name, "/push"), {
    query: { tag, platform: platform === undefined ? undefined : JSON.stringify(platform) },
    headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
  });
  const progress = quiet ? undefined : await openProgress(stream);
  for await (const line of lines) {
    const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
    if (message !== "") throw new ExitError(message, 1);
    if (!("aux" in line)) await progress?.show(line);
    else if (objectAt(line, "aux").manifestPushedInsteadOfIndex === true) printError(onlyOne, "bare");
  }
}

const onlyOne =
  "Not all platforms of the image are here: only the manifest of the one that is was pushed, without its index";
