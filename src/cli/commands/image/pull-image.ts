import { registryAuth } from "#client/credentials/credentials.ts";
import { fetchLines } from "#client/endpoints.ts";
import { splitImageName } from "../../arguments/image-name.ts";
import { printWarning } from "../../output/output.ts";
import { throwFailure } from "../../progress/failure.ts";
import { openProgress } from "../../progress/printer.ts";

/** Options of a pull. */
export interface PullOptions {
  platform: string | undefined;
  /** Whether all tags of the repository are pulled. */
  all?: boolean;
  /** Stream for the progress; absent for no progress. */
  progress?: "stdout" | "stderr";
}

/** Pulls an image with the user's credentials for its registry. */
export async function pullImage(image: string, options: PullOptions): Promise<void> {
  const auth = await registryAuth(image, printWarning);
  const { name, tag } = splitImageName(image);
  const lines = fetchLines("POST /images/create", {
    query: { fromImage: name, ...(options.all ? {} : { tag }), platform: options.platform },
    headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
  });
  const progress = options.progress === undefined ? undefined : await openProgress(options.progress);
  for await (const line of lines) {
    throwFailure(line);
    await progress?.show(line);
  }
}
