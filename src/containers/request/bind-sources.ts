import { existsSync, mkdirSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";
import type { HostConfig } from "./create-request.ts";
import { planMounts } from "./plan-mounts.ts";

/** Creates missing sources of `-v`, and throws for missing sources of `--mount`. */
export function ensureBindSources(host: HostConfig): void {
  const { sourcesToCreate, requiredSources } = planMounts(host);
  const missing = requiredSources.find((source) => !existsSync(source));
  if (missing !== undefined) {
    throw invalidArgument(
      `invalid mount config for type "bind": bind source path does not exist: ${missing}`,
    );
  }
  for (const source of sourcesToCreate) {
    if (existsSync(source)) continue;
    try {
      mkdirSync(source, { recursive: true, mode: 0o755 });
    } catch (cause) {
      throw invalidArgument(`error while creating mount source path '${source}'`, cause);
    }
  }
}
