import { randomUUID } from "node:crypto";
import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";

/** Bits of a mode that let other users create names in a directory. */
const writableByOthers = 0o022;

/**
 * Writes a file that a flag names. In a directory that others can write, replaces the name by a new file, because
 * another user's link there could lead to any file of this user.
 */
export function writeResultFile(path: string, text: string): void {
  try {
    const isShared = (statSync(dirname(path)).mode & writableByOthers) !== 0;
    if (isShared) replaceFile(path, text);
    else writeFileSync(path, text);
  } catch (cause) {
    throw new ExitError(`cannot write ${path}: ${failureMessage(cause)}`, 1, { cause });
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${randomUUID()}`;
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
