import type { LaunchRequest } from "#native/protocol/launch.ts";
import { invalidArgument } from "#support/errors.ts";
import type { HostConfig } from "./create-request.ts";

type Log = LaunchRequest["log"];

const defaultMaxSize = 10 * 1024 * 1024;
const defaultMaxFile = 3;

/**
 * Options of Docker that do not change what the log contains, with the form of their values. Attributes are added when a
 * client reads the log with details.
 */
const ignoredOptions: Record<string, RegExp> = {
  compress: /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/,
  mode: /^(|blocking|non-blocking)$/,
  env: /^/,
  "env-regex": /^/,
  labels: /^/,
  "labels-regex": /^/,
  tag: /^/,
  "max-buffer-size": /^\d+(\.\d+)?\s*[kmgt]?i?b?$/i,
};

/**
 * Plans the log from `--log-driver` and `--log-opt`. The drivers are `json-file` and `none`. Rotated files are not
 * compressed, and the program always waits for its output to be written.
 */
export function planLog(config: HostConfig["LogConfig"]): Log {
  const { Type: type = "", Config: options = {} } = config ?? {};
  if (type === "none") return { type: "none" };
  if (type !== "" && type !== "json-file") {
    throw invalidArgument(`logger: no log driver named '${type}' is registered`);
  }
  const log: Log = { type: "json-file", maxSize: defaultMaxSize, maxFile: defaultMaxFile };
  for (const [name, value] of Object.entries(options)) {
    if (name === "max-size") log.maxSize = parseSize(value);
    else if (name === "max-file") log.maxFile = parseCount(value);
    else if (!Object.hasOwn(ignoredOptions, name)) {
      throw invalidArgument(`unknown log opt '${name}' for json-file log driver`);
    } else if (!ignoredOptions[name]?.test(value)) {
      throw invalidArgument(`invalid value ${JSON.stringify(value)} of log opt '${name}'`);
    }
  }
  return log;
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
