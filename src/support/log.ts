import { writeSync } from "node:fs";
import { errorChain } from "./errors.ts";

/** Parts of the daemon that write log lines; `TBOX_DEBUG` takes these names. */
export type LogScope =
  | "api"
  | "buildkit"
  | "builds"
  | "containers"
  | "daemon"
  | "images"
  | "layers"
  | "network"
  | "trash"
  | "volumes";

type LogLevel = "debug" | "info" | "warn" | "error";

/** The log of one scope. A line is `TIME LEVEL SCOPE: MESSAGE[: CAUSE]`; times are RFC 3339. */
export interface Log {
  /** Writes a line if `TBOX_DEBUG` names the scope. Otherwise, `message` is not called. */
  debug(message: () => string): void;
  info(message: string): void;
  /** Writes a problem despite which the daemon continues, with the messages of the cause. */
  warn: Warn;
  /** Writes a failure with the messages of the cause and the top of the cause's stack. */
  error(message: string, cause?: unknown): void;
}

/** Function that writes a warning. Services receive only this function of a log. */
export type Warn = (message: string, cause?: unknown) => void;

export interface LogOptions {
  /** Value of `TBOX_DEBUG`: scopes separated by commas, or `*` for all. */
  debug?: string | undefined;
  write?: (line: string) => void;
}

/** Returns the log of a scope. Lines go to standard error, which is the log file of a background daemon. */
export function openLog(scope: LogScope, options: LogOptions = {}): Log {
  const { debug = process.env.TBOX_DEBUG, write = writeError } = options;
  const debugged = isDebugged(scope, debug);
  const line = (level: LogLevel, message: string, suffix = "") => {
    const text = `${scope}: ${message}${suffix}`.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
    write(`${new Date().toISOString()} ${level} ${text}\n`);
  };
  return {
    debug(message) {
      if (debugged) line("debug", message());
    },
    info: (message) => line("info", message),
    warn: (message, cause) => line("warn", message, causeOf(cause)),
    error: (message, cause) => line("error", message, `${causeOf(cause)}${stackOf(cause)}`),
  };
}

function isDebugged(scope: LogScope, debug = ""): boolean {
  const scopes = debug.split(",").map((name) => name.trim());
  return scopes.includes(scope) || scopes.includes("*");
}

function causeOf(cause: unknown): string {
  return cause === undefined ? "" : `: ${errorChain(cause)}`;
}

/** Returns the three innermost frames on one line. */
function stackOf(cause: unknown): string {
  const frames = cause instanceof Error ? (cause.stack ?? "").split("\n").slice(1, 4) : [];
  return frames.length === 0 ? "" : ` ${frames.join(" <").trim().replaceAll(/\s+/g, " ")}`;
}

function writeError(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // A full disk must not stop the daemon.
  }
}
