import { writeSync } from "node:fs";
import { errorChain } from "#support/errors.ts";

/** One line on standard error, which a daemon in the background has as its log file. */
export function log(level: "info" | "error", message: string): void {
  const line = `${new Date().toISOString()} ${level} ${message.replaceAll("\n", "\\n")}\n`;
  try {
    writeSync(2, line);
  } catch {
    // A full disk must not stop the daemon.
  }
}

/** With the place in the program where it happened. */
export function logError(what: string, error: unknown): void {
  const place = error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 4).join(" <") : "";
  log("error", `${what}: ${errorChain(error)}${place.replaceAll(/\s+/g, " ")}`);
}
