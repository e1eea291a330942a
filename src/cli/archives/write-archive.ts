import { openOutput } from "../output/byte-sink.ts";
import { ExitError } from "../output/exit.ts";
import { append } from "./append.ts";

/**
 * Writes the body of the daemon's answer to a file, or to standard output unless that is a terminal. A regular file
 * appears only when it is complete; a device or a pipe receives the bytes as they arrive.
 */
export async function writeArchive(
  path: string | undefined,
  request: () => Promise<Response>,
  { mode = 0o644 }: { mode?: number } = {},
): Promise<void> {
  if (path === undefined) {
    if (process.stdout.isTTY) {
      throw new ExitError("cowardly refusing to save to a terminal. Use the -o flag or redirect", 1);
    }
    const { body } = await request();
    const write = openOutput();
    for await (const bytes of body ?? []) await write("stdout", bytes);
    return;
  }
  const { constants, open, rename, rm, stat } = await import("node:fs/promises");
  const found = await stat(path).catch(() => undefined);
  const direct = found !== undefined && !found.isFile();
  const target = direct ? path : `${path}.${process.pid}.partial`;
  // The file is opened before the request, so the daemon prepares no archive that cannot be written.
  const file = await open(target, direct ? constants.O_WRONLY : "wx", mode);
  try {
    // Another user may have replaced the device or pipe with a link to a file, which must not be overwritten.
    if (direct && (await file.stat()).isFile()) throw new ExitError(`${path} was replaced with a file`, 1);
    const { body } = await request();
    for await (const bytes of body ?? []) await append(file, path, bytes);
    await file.close();
    if (!direct) await rename(target, path);
  } catch (error) {
    await file.close().catch(() => {});
    if (!direct) await rm(target, { force: true });
    throw error;
  }
}
