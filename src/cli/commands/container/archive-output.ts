import { openOutput } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";

/**
 * Writes the body of an answer to a file, or to standard output if that is no terminal. A file is there only
 * when it is complete; a device or a pipe takes the bytes as they come.
 */
export async function writeArchive(path: string | undefined, ask: () => Promise<Response>): Promise<void> {
  if (path === undefined) {
    if (process.stdout.isTTY) {
      throw new ExitError("cowardly refusing to save to a terminal. Use the -o flag or redirect", 1);
    }
    const { body } = await ask();
    const write = openOutput();
    for await (const bytes of body ?? []) await write("stdout", bytes);
    return;
  }
  const { open, rename, rm, stat } = await import("node:fs/promises");
  const found = await stat(path).catch(() => undefined);
  const direct = found !== undefined && !found.isFile();
  const target = direct ? path : `${path}.${process.pid}.partial`;
  // Opened first: a place that cannot be written to is no reason to bother the daemon.
  const file = await open(target, direct ? "w" : "wx", 0o644);
  try {
    const { body } = await ask();
    for await (const bytes of body ?? []) await file.appendFile(bytes);
    await file.close();
    if (!direct) await rename(target, path);
  } catch (error) {
    await file.close().catch(() => {});
    if (!direct) await rm(target, { force: true });
    throw error;
  }
}
