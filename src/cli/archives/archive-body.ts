import { ExitError } from "../output/exit.ts";
import { failureMessage } from "../output/failure.ts";

/**
 * Opens an archive as the body of a request: a file, or standard input for `-`. Fails with `terminalMessage` if
 * standard input is a terminal.
 */
export async function archiveBody(
  path: string,
  terminalMessage: string,
): Promise<Blob | ReadableStream<Uint8Array>> {
  if (path === "-") {
    const { isTerminal } = await import("../terminal/terminal.ts");
    if (isTerminal(0)) throw new ExitError(terminalMessage, 1);
    return Bun.stdin.stream();
  }
  const file = Bun.file(path);
  try {
    const status = await file.stat();
    // The length of a pipe is unknown, so the request has no content length.
    return status.isFile() ? file : file.stream();
  } catch (error) {
    throw new ExitError(failureMessage(error), 1, { cause: error });
  }
}
