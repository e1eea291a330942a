import { mkdirSync } from "node:fs";
import { fetchJson } from "#client/endpoints.ts";
import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";

/** The image that is started, in the forms that the peers need. */
export interface Payload {
  image: string;
  /** Words after the image's name on the command line. */
  words: readonly string[];
  /** The program with its arguments. */
  program: readonly string[];
  workingDirectory: string;
  /** Temporary directory for the files of the peers. */
  directory: string;
  /** Root file system, unpacked. */
  rootfs: string;
  /** OCI archive of the image. */
  archive: string;
}

/** Reads the image, pulling it if it is missing, and writes its files below an empty directory. */
export async function preparePayload(
  image: string,
  words: readonly string[],
  directory: string,
): Promise<Payload> {
  const container = output(ownCommand("create", image, ...words));
  try {
    const { Config } = await fetchJson("GET /images/{name}/json", { name: image });
    const rootfs = `${directory}/rootfs`;
    const archive = `${directory}/image.tar`;
    mkdirSync(rootfs);
    output(ownCommand("export", "-o", `${directory}/rootfs.tar`, container));
    // Only root can create devices; no program needs those of an image.
    output([
      "tar",
      "-C",
      rootfs,
      "--no-same-owner",
      "--exclude=./dev/*",
      "--exclude=dev/*",
      "-xf",
      `${directory}/rootfs.tar`,
    ]);
    output(ownCommand("save", "-o", archive, image));
    const command = words.length > 0 ? words : (Config?.Cmd ?? []);
    return {
      image,
      words,
      program: [...(Config?.Entrypoint ?? []), ...command],
      workingDirectory: Config?.WorkingDir || "/",
      directory,
      rootfs,
      archive,
    };
  } finally {
    output(ownCommand("rm", "-f", container));
  }
}
