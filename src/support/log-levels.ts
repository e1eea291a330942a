import { invalidArgument } from "./errors.ts";

/** Parts of the daemon that write log lines. */
export const logScopes = [
  "api",
  "buildkit",
  "builds",
  "containers",
  "daemon",
  "images",
  "layers",
  "network",
  "trash",
  "volumes",
] as const;

export type LogScope = (typeof logScopes)[number];

/** Levels of log lines, the least important first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof logLevels)[number];

/** The least important level that is written, by scope. */
export type LogLevels = ReadonlyMap<LogScope, LogLevel>;

/**
 * Parses `info,network=debug`: a level for all scopes, and levels of single scopes, which override it. Scopes that the
 * text does not name have the level `info`. Throws invalid-argument for an unknown level or scope.
 */
export function parseLogLevels(text: string): LogLevels {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const pairs = words.map((word): [string | undefined, LogLevel] => {
    const [first = "", second] = word.split("=", 2);
    return second === undefined ? [undefined, parseLevel(first)] : [first, parseLevel(second)];
  });
  const common = pairs.findLast(([scope]) => scope === undefined)?.[1] ?? "info";
  const levels = new Map<LogScope, LogLevel>(logScopes.map((scope) => [scope, common]));
  for (const [name, level] of pairs) {
    if (name === undefined) continue;
    const scope = logScopes.find((one) => one === name);
    if (scope === undefined) throw invalidArgument(`unknown log scope ${name}: use ${logScopes.join(", ")}`);
    levels.set(scope, level);
  }
  return levels;
}

function parseLevel(text: string): LogLevel {
  const level = logLevels.find((one) => one === text);
  if (level === undefined) throw invalidArgument(`unknown log level ${text}: use ${logLevels.join(", ")}`);
  return level;
}

/** Returns the scopes of `TBOX_DEBUG`, separated by commas, or all for `*`. Unknown names have no effect. */
export function parseDebugScopes(text: string): LogScope[] {
  const names = text.split(",").map((name) => name.trim());
  return names.includes("*") ? [...logScopes] : logScopes.filter((scope) => names.includes(scope));
}
