import { existsSync, mkdirSync } from "node:fs";
import { errorChain, invalidArgument } from "#support/errors.ts";
import type { ApiSocket } from "./api-socket.ts";
import type { HostConfig } from "./create-request.ts";
import { planMounts } from "./plan-mounts.ts";

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EEXIST: "file exists",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
};

/** Creates missing sources of `-v`, and throws for missing sources of `--mount`. The API's socket is never missing. */
export function ensureBindSources(host: HostConfig, socket: ApiSocket): void {
  const { sourcesToCreate, requiredSources } = planMounts(host);
  const exists = (source: string) => socket.resolve(source) !== source || existsSync(source);
  const missing = requiredSources.find((source) => !exists(source));
  if (missing !== undefined) {
    throw invalidArgument(
      `invalid mount config for type "bind": bind source path does not exist: ${missing}`,
    );
  }
  for (const source of sourcesToCreate) {
    if (exists(source)) continue;
    try {
      mkdirSync(source, { recursive: true, mode: 0o755 });
    } catch (cause) {
      throw invalidArgument(`error while creating mount source path '${source}': ${reasonOf(cause)}`);
    }
  }
}

/** Words a failure of `mkdir` as Docker does: `mkdir /nope: permission denied`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error && "code" in error && "path" in error)) return errorChain(error);
  const { code, path } = error;
  return `mkdir ${path}: ${reasons[String(code)] ?? code}`;
}
