import { requestLines } from "#client/api.ts";
import { registryAuth } from "#client/credentials/credentials.ts";
import { objectAt, textAt } from "#client/json.ts";
import { splitImageName } from "../../arguments/image-name.ts";
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
  const { name, tag } = splitImageName(image);
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
