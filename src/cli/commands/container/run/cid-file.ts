import { closeSync, openSync, writeSync } from "node:fs";
import { needOwnProcess } from "#client/caller/remote-caller.ts";
import { ExitError } from "../../../output/exit.ts";
import { failureMessage } from "../../../output/failure.ts";

/** Throws if the file exists, because it may contain the only record of another container's ID. */
export async function refuseExisting(path: string): Promise<void> {
  needOwnProcess();
  if (await Bun.file(path).exists()) {
    throw new ExitError(
      `container ID file found, make sure the other container isn't running or delete ${path}`,
      125,
    );
  }
}

/** Writes a container's ID to a new file. */
export function writeCidFile(path: string, id: string): void {
  try {
    const file = openSync(path, "wx", 0o644);
    try {
      writeSync(file, id);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ExitError(`cannot write the container ID file: ${failureMessage(error)}`, 125, {
      cause: error,
    });
  }
}
