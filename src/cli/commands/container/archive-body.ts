import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";

/** An archive to send: a file, or standard input for `-`. Refuses to read an archive from a terminal. */
export async function archiveBody(
  path: string,
  emptyMessage: string,
): Promise<Blob | ReadableStream<Uint8Array>> {
  if (path === "-") {
    const { isTerminal } = await import("../../terminal/terminal.ts");
    if (isTerminal(0)) throw new ExitError(emptyMessage, 1);
    return Bun.stdin.stream();
  }
  const file = Bun.file(path);
  try {
    const status = await file.stat();
    // A pipe has no length that could be sent ahead.
    return status.isFile() ? file : file.stream();
  } catch (error) {
    throw new ExitError(failureMessage(error), 1, { cause: error });
  }
}
