import { registryAuth } from "#client/credentials/credentials.ts";
import { printError, printWarning } from "../../../output/output.ts";

/** Announces the pull of an image; returns the registry's credentials as `X-Registry-Auth`. */
export async function preparePull(
  image: string,
  pull: "always" | "missing" | "never",
  quiet: boolean,
): Promise<string | undefined> {
  if (pull === "never") return undefined;
  if (pull === "missing" && !quiet) printError(`Unable to find image '${withTag(image)}' locally`, "bare");
  return registryAuth(image, printWarning);
}

/** Adds `:latest` to a name without tag or digest. */
function withTag(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? image : `${image}:latest`;
}
