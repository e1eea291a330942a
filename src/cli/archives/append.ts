import type { FileHandle } from "node:fs/promises";
import { TboxError } from "#support/errors.ts";

/** Appends to the file at a path. The system's error, as of a full disk, has no path, so this adds it. */
export async function append(file: FileHandle, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await file.appendFile(bytes);
  } catch (cause) {
    throw new TboxError("internal", `write ${path}`, { cause });
  }
}
