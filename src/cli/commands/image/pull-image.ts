import { requestLines } from "#client/api.ts";
import { registryAuth } from "#client/credentials/credentials.ts";
import { objectAt, textAt } from "#client/json.ts";
import { ExitError } from "../../output/exit.ts";
import { printWarning } from "../../output/output.ts";
import { openProgress } from "../../progress/printer.ts";

export interface PullOptions {
  platform: string | undefined;
  /** Every tag of the repository. */
  all?: boolean;
  /** Where progress goes; nowhere when absent. */
  progress?: "stdout" | "stderr";
}

/** Pulls an image with the user's credentials for its registry. */
export async function pullImage(image: string, options: PullOptions): Promise<void> {
  const auth = await registryAuth(image, printWarning);
  const { name, tag } = splitReference(image);
  const lines = requestLines("POST", "/images/create", {
    query: { fromImage: name, ...(options.all ? {} : { tag }), platform: options.platform },
    headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
  });
  const progress = options.progress === undefined ? undefined : await openProgress(options.progress);
  for await (const line of lines) {
    const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
    if (message !== "") throw new ExitError(message, 1);
    await progress?.show(line);
  }
}

/** A name and its tag or digest; `latest` when it has none. */
export function splitReference(image: string): { name: string; tag: string; given: boolean } {
  const at = image.indexOf("@");
  if (at !== -1) {
    const { name } = splitReference(image.slice(0, at));
    return { name, tag: image.slice(at + 1), given: true };
  }
  const colon = image.lastIndexOf(":");
  if (colon === -1 || image.indexOf("/", colon) !== -1) return { name: image, tag: "latest", given: false };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1), given: true };
}

/** The full name of an image with its registry, as Docker prints it after a pull. */
export function fullName(image: string): string {
  const { name, tag } = splitReference(image);
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const repository = hasHost ? name : `docker.io/${rest.length === 0 ? "library/" : ""}${name}`;
  return `${repository}${tag.includes(":") ? "@" : ":"}${tag}`;
}
