import { fstatSync } from "node:fs";
import { ExitError } from "../output/exit.ts";
import { failureMessage } from "../output/failure.ts";

/** Texts for input that is no archive. */
export interface ArchiveHints {
  /** Message if standard input is a terminal. */
  terminal: string;
  /** Remedy for a directory that was named in place of an archive. */
  directory(path: string): string;
}

/** Opens an archive as the body of a request: a file, or standard input for `-`. */
export async function archiveBody(
  path: string,
  hints: ArchiveHints,
): Promise<Blob | ReadableStream<Uint8Array>> {
  if (path === "-") {
    const { isTerminal } = await import("../terminal/terminal.ts");
    if (isTerminal(0)) throw new ExitError(hints.terminal, 1);
    return standardInput(hints.directory("DIR"));
  }
  const file = Bun.file(path);
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw new ExitError(`${path} is a directory: ${hints.directory(path)}`, 1);
    // The length of a pipe is unknown, so the request has no content length.
    return status.isFile() ? file : file.stream();
  } catch (error) {
    if (error instanceof ExitError) throw error;
    throw new ExitError(failureMessage(error), 1, { cause: error });
  }
}

/** Opens standard input; fails with the way out if it is a directory. */
export function standardInput(fix: string): ReadableStream<Uint8Array> {
  if (isDirectory(0)) throw new ExitError(`standard input is a directory: ${fix}`, 1);
  return Bun.stdin.stream();
}

/** Tests for an open directory. A closed descriptor is none. */
function isDirectory(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isDirectory();
  } catch {
    return false;
  }
}
