import { registryAuth } from "#client/credentials/credentials.ts";
import { printError, printWarning } from "../../../output/output.ts";

/** Tells that an image is pulled, and gives the credentials for its registry as `X-Registry-Auth`. */
export async function preparePull(
  image: string,
  pull: "always" | "missing" | "never",
  quiet: boolean,
): Promise<string | undefined> {
  if (pull === "never") return undefined;
  if (pull === "missing" && !quiet) printError(`Unable to find image '${withTag(image)}' locally`, "bare");
  return registryAuth(image, printWarning);
}

/** The tag is `latest` unless the name has a tag or a digest. */
function withTag(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? image : `${image}:latest`;
}
