import { writeSync } from "node:fs";
import { errorChain } from "./errors.ts";
import {
  type LogLevel,
  type LogLevels,
  type LogScope,
  logLevels,
  parseDebugScopes,
  parseLogLevels,
} from "./log-levels.ts";

/** The log of one scope. A line is `TIME LEVEL SCOPE: MESSAGE[: CAUSE]`; times are RFC 3339. */
export interface Log {
  /** Writes a line if the scope's level is `debug`. Otherwise, `message` is not called. */
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
  /** Levels of this log alone; by default, those of `setLogLevels`. */
  levels?: LogLevels;
  write?: (line: string) => void;
}

/** Levels of all logs: `TBOX_DEBUG` alone until `setLogLevels` is called. */
let current: LogLevels = levelsOf("", process.env.TBOX_DEBUG);

/**
 * Sets the levels of all logs: those of `TBOX_LOG`, otherwise the configured ones, and `debug` for the scopes of
 * `TBOX_DEBUG`. Throws invalid-argument for unknown levels or scopes and keeps the earlier levels.
 */
export function setLogLevels(
  configured: string | undefined,
  { TBOX_LOG, TBOX_DEBUG }: Record<string, string | undefined>,
): void {
  current = levelsOf(TBOX_LOG || configured, TBOX_DEBUG);
}

/** Returns the log of a scope. Lines go to standard error, which is the log file of a background daemon. */
export function openLog(scope: LogScope, options: LogOptions = {}): Log {
  const { write = writeError } = options;
  const isWritten = (level: LogLevel) => {
    const least = (options.levels ?? current).get(scope) ?? "info";
    return logLevels.indexOf(level) >= logLevels.indexOf(least);
  };
  const line = (level: LogLevel, message: string, suffix = "") => {
    if (!isWritten(level)) return;
    const text = `${scope}: ${message}${suffix}`.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
    write(`${new Date().toISOString()} ${level} ${text}\n`);
  };
  return {
    debug(message) {
      if (isWritten("debug")) line("debug", message());
    },
    info: (message) => line("info", message),
    warn: (message, cause) => line("warn", message, causeOf(cause)),
    error: (message, cause) => line("error", message, `${causeOf(cause)}${stackOf(cause)}`),
  };
}

function levelsOf(text = "", debugged = ""): LogLevels {
  const levels = new Map(parseLogLevels(text));
  for (const scope of parseDebugScopes(debugged)) levels.set(scope, "debug");
  return levels;
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
