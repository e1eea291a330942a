import { firstError } from "#support/errors.ts";

const explanations: Record<string, string> = {
  EACCES: "permission denied",
  EDQUOT: "disk quota exceeded",
  EMFILE: "too many open files",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EROFS: "read-only file system",
};

/** Returns the message for the user: the messages of the error and its causes, system errors in plain words. */
export function failureMessage(failure: unknown): string {
  const error = firstError(failure);
  if (!(error instanceof Error)) return String(error);
  if (isSystemError(error)) {
    const reason = explanations[error.code] ?? error.message;
    return error.path === undefined ? reason : `${error.syscall ?? "open"} ${error.path}: ${reason}`;
  }
  if (error.cause === undefined) return error.message;
  const cause = failureMessage(error.cause);
  return error.message === "" ? cause : `${error.message}: ${cause}`;
}

function isSystemError(error: Error): error is Error & { code: string; syscall?: string; path?: string } {
  return "code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code);
}
