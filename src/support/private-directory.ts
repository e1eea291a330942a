import { lstatSync, mkdirSync } from "node:fs";
import { TboxError } from "./errors.ts";

export interface PrivateDirectoryOptions {
  path: string;
  /** Owner that the directory must have. */
  uid: number;
  /** Access that other users may have. */
  others: "none" | "read";
}

/**
 * Creates a directory with mode 0700 unless it exists. Throws forbidden for an existing path that is a link, belongs
 * to another user, or gives other users more access than allowed.
 */
export function ensurePrivateDirectory({ path, uid, others }: PrivateDirectoryOptions): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new TboxError("unavailable", `create the directory ${path}`, { cause });
  }
  const status = lstatSync(path);
  if (!status.isDirectory()) throw new TboxError("forbidden", `${path} is not a directory`);
  if (status.uid !== uid) {
    throw new TboxError("forbidden", `${path} belongs to user ${status.uid}, not to user ${uid}`);
  }
  if (others === "none" && (status.mode & 0o077) !== 0) {
    throw new TboxError("forbidden", `${path} is open to other users: run chmod 700 ${path}`);
  }
  if ((status.mode & 0o022) !== 0) {
    throw new TboxError("forbidden", `other users can write to ${path}: run chmod go-w ${path}`);
  }
}
