import { registryAuth } from "#client/credentials/credentials.ts";
import { fetchLines } from "#client/endpoints.ts";
import type { Platform } from "#oci/platform.ts";
import { printError, printWarning } from "../../output/output.ts";
import { throwFailure } from "../../progress/failure.ts";
import { openProgress } from "../../progress/printer.ts";

/** Compression of the layers that the store keeps uncompressed. */
export interface PushCompression {
  format: (typeof compressionFormats)[number] | undefined;
  level: number | undefined;
}

export const compressionFormats = ["gzip", "zstd", "none"] as const;

interface Push {
  /** Name without the tag. */
  name: string;
  /** Absent for all tags. */
  tag: string | undefined;
  platform?: Platform | undefined;
  compression?: PushCompression;
  quiet: boolean;
  /** Stream for the progress. */
  stream?: "stdout" | "stderr";
}

/** Pushes an image to the registry in its name and shows the progress. */
export async function pushImage(image: string, push: Push): Promise<void> {
  const { name, tag, platform, compression, quiet, stream = "stdout" } = push;
  const auth = await registryAuth(image, printWarning);
  const lines = fetchLines("POST /images/{name}/push", {
    name,
    query: {
      tag,
      platform: platform === undefined ? undefined : JSON.stringify(platform),
      compression: compression?.format,
      compressionLevel: compression?.level?.toString(),
    },
    headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
  });
  const progress = quiet ? undefined : await openProgress(stream);
  for await (const line of lines) {
    throwFailure(line);
    if (line.aux === undefined) await progress?.show(line);
    else if (line.aux.manifestPushedInsteadOfIndex) printError(incompleteIndex, "bare");
  }
}

const incompleteIndex =
  "Not all platforms of the image are available locally: pushed the manifest of the available one, without the index";
