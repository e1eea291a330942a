import type { LaunchRequest } from "#native/protocol/launch.ts";
import { invalidArgument } from "#support/errors.ts";
import type { HostConfig } from "./create-request.ts";

type Log = LaunchRequest["log"];

const mebibyte = 1024 * 1024;

/** Sizes and numbers of log files without options: those of Docker's `local`, and a bounded log for `json-file`. */
const defaults = {
  "json-file": { maxSize: 10 * mebibyte, maxFile: 3 },
  local: { maxSize: 20 * mebibyte, maxFile: 5 },
};

/**
 * Options of Docker that do not change what the log contains, with the form of their values. Attributes are added when a
 * client reads the log with details.
 */
const ignoredOptions: Record<string, RegExp> = {
  compress: /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/,
  mode: /^/,
  env: /^/,
  "env-regex": /^/,
  labels: /^/,
  "labels-regex": /^/,
  tag: /^/,
  "max-buffer-size": /^\d+(\.\d+)?\s*[kmgt]?i?b?$/i,
};

/** Ignored options that the driver `local` has. */
const localOptions = new Set(["compress", "mode", "max-buffer-size"]);

/**
 * Plans the log from `--log-driver` and `--log-opt`. The drivers are `json-file`, `local`, which has the same files, and
 * `none`. Rotated files are not compressed, and the program always waits for its output to be written.
 */
export function planLog(config: HostConfig["LogConfig"]): Log {
  const { Config: options = {} } = config ?? {};
  const type = config?.Type || "json-file";
  if (type === "none") return { type: "none" };
  if (type !== "json-file" && type !== "local") {
    throw invalidArgument(`logger: no log driver named '${type}' is registered`);
  }
  checkMode(options);
  const log: Log = { type: "json-file", ...defaults[type] };
  for (const [name, value] of Object.entries(options)) {
    if (name === "max-size") log.maxSize = parseSize(value);
    else if (name === "max-file") log.maxFile = parseCount(value);
    else checkIgnored(type, name, value);
  }
  return log;
}

/** Throws in Docker's words for a mode that does not exist, and for the size of a buffer that the mode does not have. */
function checkMode({ mode = "", "max-buffer-size": buffer }: Record<string, string>): void {
  if (!["", "blocking", "non-blocking"].includes(mode)) {
    throw invalidArgument(`logger: logging mode not supported: ${mode}`);
  }
  if (buffer !== undefined && mode !== "non-blocking") {
    throw invalidArgument("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
}

function checkIgnored(type: "json-file" | "local", name: string, value: string): void {
  const form = Object.hasOwn(ignoredOptions, name) ? ignoredOptions[name] : undefined;
  if (form === undefined || (type === "local" && !localOptions.has(name))) {
    const where = type === "local" ? "log driver local" : "json-file log driver";
    throw invalidArgument(`unknown log opt '${name}' for ${where}`);
  }
  if (!form.test(value)) throw invalidArgument(`invalid value ${JSON.stringify(value)} of log opt '${name}'`);
}

/** Parses a size such as `10m` into bytes. `-1` means no limit and is 0. */
function parseSize(text: string): number {
  if (text === "-1") return 0;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text) ?? [];
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()];
  const size = Math.floor(Number(number) * (factor ?? Number.NaN));
  if (size > 0) return size;
  throw invalidArgument(`invalid max-size ${JSON.stringify(text)}`);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw invalidArgument(`invalid max-file ${JSON.stringify(text)}`);
}
